// Package middleware holds what a WebSocket endpoint on net/http or chi needs
// around it, whichever library serves the WebSocket. Each is a
// func(http.Handler) http.Handler, or returns one, as chi's Use takes it.
//
//   - [ExtendedConnect] serves the WebSockets that clients open over HTTP/2.
//   - [BearerSubprotocol] takes a browser's token out of the offered subprotocols
//     and hands it to the authentication middleware.
//   - [LimitPerClient] bounds the open connections of each client.
//   - [ExceptUpgrade] keeps a middleware that cannot live with a WebSocket, such
//     as chi's Timeout, away from handshakes.
//
// All of them see as a handshake a GET whose Connection header names "upgrade"
// and whose Upgrade header names "websocket", in any letter case, among any
// other tokens and over any number of header lines (RFC 6455, section 4.2.1),
// and an extended CONNECT for "websocket" over HTTP/2 (RFC 8441, section 4).
package middleware

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
// ExtendedConnect takes an extended CONNECT for "websocket" over HTTP/2 (RFC 8441,
// section 4). The others see as a handshake whatever a lenient handler might: any
// request that mentions "websocket", in any letter case, in its Upgrade header or as
// the protocol of an extended CONNECT.
package middleware

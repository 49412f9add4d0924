// Package middleware holds what a WebSocket endpoint on net/http or chi needs
// around it, whichever library serves the WebSocket. Each is a
// func(http.Handler) http.Handler, or returns one, as chi's Use takes it.
//
//   - [ExtendedConnect] serves the WebSockets that clients open over HTTP/2.
//   - [BearerSubprotocol] takes a browser's token out of the offered subprotocols
//     and hands it to the authentication middleware.
//   - [LimitPerClient] bounds the open connections of each client.
//   - [CloseRefused] tells browsers why a handshake was refused: with a close code.
//   - [ExceptUpgrade] keeps a middleware that cannot live with a WebSocket, such
//     as [net/http.TimeoutHandler], away from handshakes.
//
// ExtendedConnect takes an extended CONNECT for "websocket" over HTTP/2 (RFC 8441,
// section 4); CloseRefused takes a valid handshake of RFC 6455. The others see as a
// handshake whatever a lenient handler might: any request that mentions "websocket",
// in any letter case, in its Upgrade header or as the protocol of an extended CONNECT.
//
// # Other people's middleware
//
// What works around a wsecho.Handler, tried by the module aroundtest with the versions in its go.mod: the WebSocket
// opens, echoes and closes, a cookie set on the way arrives, and what notes the status of a response notes 101.
// Over HTTP/1.1, with TLS or without, it is one whether ExtendedConnect stands before or after it. Over HTTP/2 a
// middleware inside, between ExtendedConnect and the handler, sees the handshake as over HTTP/1.1; one outside sees
// a CONNECT and its status 200.
//
//	                                HTTP/1.1      HTTP/2 inside HTTP/2 outside
//	alexedwards/scs                 yes           yes           yes
//	CAFxX/httpcompression           yes           yes           501
//	chi CleanPath                   yes           yes           yes
//	chi ClientIPFromRemoteAddr      yes           yes           yes
//	chi Compress                    yes           yes           yes
//	chi Heartbeat                   yes           yes           yes
//	chi Logger                      yes           yes           yes
//	chi Logger in otelhttp          yes           yes           yes
//	chi NoCache                     yes           yes           yes
//	chi Recoverer                   yes           yes           yes
//	chi RequestID                   yes           yes           yes
//	chi RequestSize                 yes           yes           breaks
//	chi StripSlashes                yes           yes           yes
//	chi Throttle                    yes           yes           yes
//	echo v4                         yes           yes           yes
//	echo v4 Gzip                    yes           yes           yes
//	echo v5                         yes           yes           yes
//	Elastic APM apmhttp             yes           yes           501
//	felixge/httpsnoop               notes 200     notes 200     yes
//	gin                             yes           yes           yes
//	go-chi/cors                     yes           yes           yes
//	go-chi/httplog v3               yes           yes           yes
//	go-chi/httplog v3 in otelhttp   yes           yes           yes
//	go-chi/httprate                 yes           yes           yes
//	go-chi/jwtauth                  yes           yes           yes
//	gorilla/csrf                    yes           yes           403
//	gorilla/handlers Compress       yes           yes           stray bytes
//	gorilla/handlers CORS           yes           yes           yes
//	gorilla/handlers Logging        yes           yes           yes
//	gorilla/handlers ProxyHeaders   yes           yes           yes
//	gorilla/handlers Recovery       yes           yes           yes
//	klauspost gzhttp                yes           yes           yes
//	negroni v1                      yes           yes           501
//	negroni v3                      yes           yes           yes
//	net/http CrossOriginProtection  yes           yes           yes
//	net/http MaxBytesHandler        yes           yes           breaks
//	net/http TimeoutHandler         501           501           501
//	New Relic                       yes           yes           yes
//	nosurf                          yes           yes           400
//	NYTimes/gziphandler             yes           yes           501
//	otelhttp                        yes           yes           yes
//	promhttp                        yes           yes           yes
//	rs/cors                         yes           yes           yes
//	samber/slog-http                yes           yes           yes
//	sentry-go http                  yes           yes           yes
//	unrolled/secure                 yes           yes           yes
//	zerolog hlog                    yes           yes           yes
//
// A number is the status of the refusal. 501 outside: its writer has no Unwrap and hides net/http's. The limits of a
// request's body count outside what a connection receives. CSRF protection takes a CONNECT for a POST. gorilla's
// Compress ends a gzip stream that nobody has begun: those bytes come after the close frame. httpsnoop's
// CaptureMetrics notes no 1xx. All of these belong inside, or in [ExceptUpgrade], with which any middleware is out of
// the way.
package middleware

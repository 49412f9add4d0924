package middleware

import "net/http"

// ExceptUpgrade returns mw for every request but WebSocket handshakes, which go
// straight to the handler that mw would have wrapped. It is for middleware that some
// WebSocket handlers cannot live with:
//
//   - Behind [http.TimeoutHandler] no connection can be hijacked, so no library opens
//     a WebSocket.
//   - chi's Timeout ends the request's context when its time is up. That cuts the
//     WebSockets of a handler that uses this context for as long as they last, such as
//     coder's Read(r.Context()) or [net/http/httputil.ReverseProxy]. One that stays
//     without using it, as gorilla's do, goes on; when it returns, Timeout's 504 comes
//     too late and is a line in the server's ErrorLog.
//   - chi's Compress lets no connection be hijacked once a Content-Type that it
//     compresses has been set on the response, as by another middleware. coder's
//     Accept then fails.
//
// A wsecho.Handler works behind chi's Timeout and Compress as they are: it returns once
// the WebSocket is open, its sessions do not end with the request's context, and it
// takes that Content-Type away. For the others:
//
//	r.Use(middleware.ExceptUpgrade(chimiddleware.Timeout(30 * time.Second)))
//
// The request's headers decide, and any client can send them with any request.
// Do not put a middleware that protects something, such as authentication, inside.
//
// ExceptUpgrade panics if mw is nil.
func ExceptUpgrade(mw func(http.Handler) http.Handler) func(http.Handler) http.Handler {
	if mw == nil {
		panic("middleware.ExceptUpgrade: the middleware is nil")
	}
	return func(next http.Handler) http.Handler {
		wrapped := mw(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if isHandshake(r) {
				next.ServeHTTP(w, r)
				return
			}
			wrapped.ServeHTTP(w, r)
		})
	}
}

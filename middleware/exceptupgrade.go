package middleware

import "net/http"

// ExceptUpgrade returns mw for every request but WebSocket handshakes, which go
// straight to the handler that mw would have wrapped. It is for middleware that a
// long-lived connection cannot live with: chi's Timeout ends the request's context
// and then writes a 504 to a connection that is no longer HTTP, and behind
// [http.TimeoutHandler] nothing can be hijacked at all.
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

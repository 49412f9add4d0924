package main

import (
	"expvar"
	"net/http"
)

// publish names the figures of the handlers and the Hub to expvar, which the whole process shares: call it once.
func (s *service) publish() {
	expvar.Publish("wsecho", expvar.Func(func() any {
		return map[string]any{"/ws": s.echo.Stats(), "/rooms": s.chat.Stats()}
	}))
	expvar.Publish("hub", expvar.Func(func() any { return s.hub.Stats() }))
}

// figures serves all that expvar knows, the Go runtime's memory among it.
func figures() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		expvar.Handler().ServeHTTP(w, r)
	})
}

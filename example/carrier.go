package main

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/go-chi/chi/v5"

	"example.com/wsecho/wsecho"
)

// A carrier is the connection below a session. Scripts in a browser are never told which
// HTTP version carried their socket, so the page names each (/ws?id=…) and then asks the
// service (/carrier/…). Nobody else knows the name but who reads the access log, and there
// it stands beside all that the service would tell.
type carrier struct {
	id       string
	Protocol string `json:"protocol"` // such as HTTP/2.0
	Remote   string `json:"remote"`   // the client's end of the TCP connection
}

type carrierKey struct{}

// nameCarrier leaves the carrier in the request's context, whose values the session keeps.
func nameCarrier(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if id := r.URL.Query().Get("id"); id != "" {
			c := carrier{id: id, Protocol: r.Proto, Remote: r.RemoteAddr}
			r = r.WithContext(context.WithValue(r.Context(), carrierKey{}, c))
		}
		next.ServeHTTP(w, r)
	})
}

// tellCarrier answers with the carrier of the session that was opened with that id, or null.
func tellCarrier(handlers ...*wsecho.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		json.NewEncoder(w).Encode(findCarrier(chi.URLParam(r, "id"), handlers))
	}
}

func findCarrier(id string, handlers []*wsecho.Handler) *carrier {
	for _, h := range handlers {
		for s := range h.Sessions() {
			if c, ok := s.Context().Value(carrierKey{}).(carrier); ok && c.id == id {
				return &c
			}
		}
	}
	return nil
}

package main

import (
	"crypto/rand"
	"embed"
	"encoding/json"
	"io/fs"
	"net/http"

	"github.com/go-chi/chi/v5"
)

//go:embed page
var files embed.FS

// guestCookie tells guests apart. A service with logins has their names instead; who a message is from never comes
// from the message.
const guestCookie = "guest"

func (n *node) routes() http.Handler {
	page, err := fs.Sub(files, "page")
	if err != nil {
		panic(err) // it is part of the program
	}
	r := chi.NewRouter()
	r.Handle("/rooms/{room}", n.sockets)
	r.Get("/peers", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(append([]string{}, n.peers...))
	})
	r.Get("/readyz", func(w http.ResponseWriter, r *http.Request) {
		if !n.ready() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	r.Get("/*", func(w http.ResponseWriter, r *http.Request) {
		if guestOf(r) == "" {
			http.SetCookie(w, &http.Cookie{Name: guestCookie, Value: "guest-" + rand.Text()[:6], Path: "/",
				HttpOnly: true, SameSite: http.SameSiteLaxMode})
		}
		w.Header().Set("Cache-Control", "no-cache")
		http.FileServerFS(page).ServeHTTP(w, r)
	})
	return r
}

// guestOf returns who sends r; "" before the page has given a name.
func guestOf(r *http.Request) string {
	c, err := r.Cookie(guestCookie)
	if err != nil {
		return ""
	}
	return c.Value
}

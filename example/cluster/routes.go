package main

import (
	"embed"
	"encoding/json"
	"io/fs"
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"example.com/wsecho/example/miniprogram/shared"
	examplepage "example.com/wsecho/example/page"
)

//go:embed page
var files embed.FS

func (n *node) routes() http.Handler {
	own, err := fs.Sub(files, "page")
	if err != nil {
		panic(err) // it is part of the program
	}
	r := chi.NewRouter()
	r.Use(middleware.SetHeader("Cache-Control", "no-cache"))
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
	// What talks to the room is the example's.
	r.Handle("/shared/*", http.StripPrefix("/shared/", http.FileServerFS(shared.Files)))
	for _, module := range []string{"/socket.js", "/store.js"} {
		r.Handle(module, http.FileServerFS(examplepage.Files))
	}
	r.Handle("/*", http.FileServerFS(own))
	return r
}

package main

import (
	"embed"
	"io/fs"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"
)

//go:embed page miniprogram/shared/link.js miniprogram/shared/words.js
var files embed.FS

// policy allows the page its own scripts, styles and sockets, and nothing else: 'self' in
// connect-src covers ws and wss of the same host (CSP level 3, section 6.7.2.8).
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// mountPage serves every embedded file by a route of its own, so that what is not
// listed, a folder among them, is a plain 404.
func mountPage(r chi.Router) {
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		r.Get(route(name), func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			h.Set("Content-Security-Policy", policy)
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("Referrer-Policy", "no-referrer")
			h.Set("Cache-Control", "no-cache") // a new build shows at once
			http.ServeFileFS(w, r, files, name)
		})
		return nil
	})
	if err != nil {
		panic(err) // the files are part of the program
	}
}

// route returns where a file is served: index.html at /, and what the page shares with
// the mini program below /shared/.
func route(name string) string {
	name = strings.TrimPrefix(strings.TrimPrefix(name, "page"), "miniprogram")
	return strings.TrimSuffix(name, "index.html")
}

package main

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"regexp"
	"strings"

	"github.com/go-chi/chi/v5"
)

//go:embed page/*.html page/*.css page/*.js page/*.svg miniprogram/shared/*.js
var embedded embed.FS

// policy returns the Content-Security-Policy of the page at host: its own scripts, styles and sockets, an
// icon that it draws, and nothing else. 'self' in connect-src covers ws and wss of the same host (CSP level 3, section 6.7.2.8), but
// not in Safari before 15.4, which wants the sockets named.
func policy(host string) string {
	sockets := ""
	if hostname.MatchString(host) {
		sockets = " ws://" + host + " wss://" + host
	}
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'" + sockets +
		"; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

// hostname matches the Host of most requests. Others are left out of policy: one with an IPv6 address is no
// source there, and what else a client sends must not become a directive.
var hostname = regexp.MustCompile(`^[A-Za-z0-9.-]+(:[0-9]+)?$`)

// mountPage serves every embedded file by a route of its own, so that what is not
// listed, a folder among them, is a plain 404.
func mountPage(r chi.Router) {
	err := fs.WalkDir(embedded, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := embedded.ReadFile(name)
		if err != nil {
			return err
		}
		tag := etag(content)
		r.Get(route(name), func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			h.Set("Content-Security-Policy", policy(r.Host))
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("Referrer-Policy", "no-referrer")
			h.Set("Cache-Control", "no-cache") // asked for each time: a new build shows at once
			h.Set("ETag", tag)
			http.ServeFileFS(w, r, embedded, name)
		})
		return nil
	})
	if err != nil {
		panic(err) // the files are part of the program
	}
}

// etag returns the validator of a file: the embedded ones have no time of change. It is weak, since Compress
// sends other bytes of the same meaning (RFC 9110, section 8.8.1).
func etag(content []byte) string {
	sum := sha256.Sum256(content)
	return `W/"` + hex.EncodeToString(sum[:8]) + `"`
}

// route returns where a file is served: index.html at /, and what the page shares with
// the mini program below /shared/.
func route(name string) string {
	name = strings.TrimPrefix(strings.TrimPrefix(name, "page"), "miniprogram")
	return strings.TrimSuffix(name, "index.html")
}

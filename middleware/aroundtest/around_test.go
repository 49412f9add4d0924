package aroundtest

import (
	"io"
	"net/http"
)

// around is one middleware as its documentation mounts it.
type around struct {
	name string
	// wrap makes the middleware. What it notes of a request, its status first of all, goes to log.
	wrap func(log io.Writer) func(http.Handler) http.Handler
	// notes says that it notes the status of the response.
	notes bool
	// cookie is the name of the cookie that it adds; "": none.
	cookie string
}

// plain is an around that notes nothing and adds no cookie.
func plain(name string, mw func(http.Handler) http.Handler) around {
	return around{name: name, wrap: func(io.Writer) func(http.Handler) http.Handler { return mw }}
}

// noting is an around that notes the status.
func noting(name string, wrap func(log io.Writer) func(http.Handler) http.Handler) around {
	return around{name: name, wrap: wrap, notes: true}
}

// after is a middleware that calls f when the handler has returned.
func after(next http.Handler, f func()) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer f()
		next.ServeHTTP(w, r)
	})
}

package wsecho

import (
	"net/http"
	"reflect"
)

// serverWriter is a server's own writer, of a kind whose Hijack does not fail, and sends a 101 that has reached
// it before.
type serverWriter interface {
	// writer is the writer itself.
	writer() http.ResponseWriter
	// status is the one that has reached it; 0: none.
	status() int
}

// maxWrappers bounds the search for the server's own writer, lest one wraps itself.
const maxWrappers = 64

// findServerWriter looks for the server's own writer, w or below it. It also looks below wrappers without
// Unwrap.
func findServerWriter(w http.ResponseWriter) serverWriter {
	for range maxWrappers {
		if own, ok := w.(holdingWriter); ok {
			return heldWriter{own}
		}
		v := reflect.Indirect(reflect.ValueOf(w))
		if v.Kind() != reflect.Struct {
			return nil
		}
		if t := v.Type(); t.PkgPath() == "net/http" && t.Name() == "response" {
			if status := v.FieldByName("status"); status.CanInt() {
				return netHTTPWriter{w, status}
			}
		}
		if w = wrappedWriter(v, maxWrappers); w == nil {
			return nil
		}
	}
	return nil
}

// wrappedWriter returns the ResponseWriter that the struct v, or one embedded in it, has in an exported field: a
// wrapper mostly embeds it, so that the field is named ResponseWriter. nil: there is none.
func wrappedWriter(v reflect.Value, depth int) http.ResponseWriter {
	for i := range v.NumField() {
		f, t := v.Field(i), v.Type().Field(i)
		switch {
		case f.Kind() == reflect.Interface && f.CanInterface():
			if w, ok := f.Interface().(http.ResponseWriter); ok && f.Type().Implements(responseWriter) {
				return w
			}
		case t.Anonymous && depth > 0:
			if f = reflect.Indirect(f); f.Kind() == reflect.Struct {
				if w := wrappedWriter(f, depth-1); w != nil {
					return w
				}
			}
		}
	}
	return nil
}

var responseWriter = reflect.TypeFor[http.ResponseWriter]()

// netHTTPWriter is net/http's own writer for HTTP/1. Nothing but its field "status" says what has reached it. Go's
// compatibility promise does not cover that field: were it missing, the writer would be one not known.
type netHTTPWriter struct {
	w           http.ResponseWriter
	statusField reflect.Value
}

func (n netHTTPWriter) writer() http.ResponseWriter { return n.w }
func (n netHTTPWriter) status() int                 { return int(n.statusField.Int()) }

// holdingWriter is the writer of middleware.ExtendedConnect.
type holdingWriter interface {
	http.ResponseWriter
	// Holds101 reports whether a WriteHeader(101) has reached it.
	Holds101() bool
}

// heldWriter is a holdingWriter as a serverWriter.
type heldWriter struct{ w holdingWriter }

func (h heldWriter) writer() http.ResponseWriter { return h.w }

func (h heldWriter) status() int {
	if h.w.Holds101() {
		return http.StatusSwitchingProtocols
	}
	return 0
}

package wsecho

import (
	"bufio"
	"net"
	"net/http"
	"reflect"
	"runtime"
	"time"
)

// writerChain is what can be seen of the ResponseWriters that middleware has wrapped around the server's own.
type writerChain struct {
	outermost http.ResponseWriter
	last      http.ResponseWriter // the innermost that Unwrap leads to
	hijacker  bool                // one of them, from outermost to last, is an http.Hijacker
	server    serverWriter
}

// inspectWriters looks through w and what it wraps.
func inspectWriters(w http.ResponseWriter) (c writerChain) {
	c.outermost = w
	for ; w != nil; w = unwrap(w) {
		c.last = w
		if _, ok := w.(http.Hijacker); ok {
			c.hijacker = true
		}
	}
	c.server = findServerWriter(c.last)
	return c
}

// unwrap returns the writer that w shows to be below it; nil: none.
func unwrap(w http.ResponseWriter) http.ResponseWriter {
	if wrapper, ok := w.(interface{ Unwrap() http.ResponseWriter }); ok {
		return wrapper.Unwrap()
	}
	return nil
}

// announces reports whether a WriteHeader(101) is to come before the hijack, to be seen by the wrappers: access
// logs note it, others add their headers to it. It could not be taken back, so the server's own writer must be one
// whose hijack does not fail. Where there are no wrappers nobody would see it.
func (c *writerChain) announces() bool {
	return c.server.w != nil && c.server.w != c.outermost
}

// announce tells the wrappers of the 101 and sends it, if they let it through to the server's own writer: status
// says so. The write deadline is set until the hijack, so that a peer that does not read holds nobody up.
func (c *writerChain) announce(head [][2]string, deadline time.Time) error {
	header := c.outermost.Header()
	for _, field := range head {
		header[field[0]] = []string{field[1]}
	}
	c.outermost.WriteHeader(http.StatusSwitchingProtocols)
	if c.server.status() != http.StatusSwitchingProtocols {
		return nil
	}
	server := http.NewResponseController(c.server.w)
	if !deadline.IsZero() {
		server.SetWriteDeadline(deadline)
	}
	return server.Flush() // as its Hijack does, which does not say how it went
}

// hijack takes the connection over through the outermost writer that gives it away, which may wrap it. One
// that fails is gone round, if need be to a server's own writer that the wrappers hide: it would send the 101
// that has been announced and keep the connection. Of an err, failed is the first writer that did.
func (c *writerChain) hijack() (conn net.Conn, brw *bufio.ReadWriter, failed http.ResponseWriter, err error) {
	try := func(w http.ResponseWriter) bool {
		hj, ok := w.(http.Hijacker)
		if !ok {
			return false
		}
		var tried error
		conn, brw, tried = hijackFrom(hj)
		if tried != nil && err == nil {
			failed, err = w, tried
		}
		return tried == nil
	}
	for w := c.outermost; w != nil; w = unwrap(w) {
		if try(w) {
			return conn, brw, nil, nil
		}
	}
	if c.server.w != nil && try(c.server.w) {
		return conn, brw, nil, nil
	}
	return nil, nil, failed, err
}

// hijackFrom calls Hijack. One that takes the writer below it for an http.Hijacker and panics, as gin's does, has
// failed; any other panic goes on.
func hijackFrom(hj http.Hijacker) (conn net.Conn, brw *bufio.ReadWriter, err error) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case *runtime.TypeAssertionError:
			err = v
		default:
			panic(v)
		}
	}()
	return hj.Hijack()
}

// serverWriter is a server's own writer, of a kind whose Hijack does not fail, and which sends a 101 that has
// reached it before.
type serverWriter struct {
	w http.ResponseWriter // nil: out of sight, or of a kind that is not known

	// statusField is the field of net/http's own writer for HTTP/1, and unset in a holdingWriter. Nothing but it says
	// what has reached that writer. Go's compatibility promise does not cover it: were it missing, the writer would
	// be one of a kind that is not known.
	statusField reflect.Value
}

// holdingWriter is the writer of middleware.ExtendedConnect.
type holdingWriter interface {
	http.ResponseWriter
	// Holds101 reports whether a WriteHeader(101) has reached it.
	Holds101() bool
}

// status is the status that has reached the writer; 0: none, or it cannot be seen.
func (s serverWriter) status() int {
	if s.statusField.IsValid() {
		return int(s.statusField.Int())
	}
	if held, ok := s.w.(holdingWriter); ok && held.Holds101() {
		return http.StatusSwitchingProtocols
	}
	return 0
}

// maxWrappers bounds the search for the server's own writer, lest one wraps itself.
const maxWrappers = 64

// findServerWriter looks for the server's own writer, w or below it. It also looks below wrappers without
// Unwrap.
func findServerWriter(w http.ResponseWriter) serverWriter {
	for range maxWrappers {
		if _, ok := w.(holdingWriter); ok {
			return serverWriter{w: w}
		}
		v := reflect.Indirect(reflect.ValueOf(w))
		if v.Kind() != reflect.Struct {
			break
		}
		if t := v.Type(); t.PkgPath() == "net/http" && t.Name() == "response" {
			if status := v.FieldByName("status"); status.CanInt() {
				return serverWriter{w, status}
			}
		}
		if w = wrappedWriter(v, maxWrappers); w == nil {
			break
		}
	}
	return serverWriter{}
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

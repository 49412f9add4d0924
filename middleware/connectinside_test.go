package middleware

import (
	"net/http"
	"testing"

	"example.com/wsecho/wsecho"
)

// insideWriter is a middleware's between ExtendedConnect and the handler. It keeps the status back until there is a body.
type insideWriter struct {
	http.ResponseWriter
	status int
}

func (w *insideWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
func (w *insideWriter) WriteHeader(code int)        { w.status = code }

// TestConnectWriterInside: a 101 that a middleware inside keeps back opens the WebSocket all the same, and the
// middleware has seen it.
func TestConnectWriterInside(t *testing.T) {
	h := &wsecho.Handler{}
	t.Cleanup(func() { h.Close() })
	seen := make(chan int, 1)
	c := serveH2(t, ExtendedConnect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		iw := &insideWriter{ResponseWriter: w}
		h.ServeHTTP(iw, r)
		seen <- iw.status
	})))
	c.connect(1, "/")
	c.wantStatus(1, 200)
	c.write(h2Data, 0, 1, text("hello"))
	if _, _, p := c.read(1); string(p) != "\x81\x05hello" {
		t.Errorf("got %q; want the echo", p)
	}
	if status := <-seen; status != 101 {
		t.Errorf("inside saw %d", status)
	}
}

// TestConnectWriterFlushOf101: over HTTP/1.1 a 101 may be flushed before Hijack.
func TestConnectWriterFlushOf101(t *testing.T) {
	c := serveH2(t, ExtendedConnect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusSwitchingProtocols)
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Errorf("Flush: %v", err)
		}
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Errorf("Hijack: %v", err)
			return
		}
		defer conn.Close()
		conn.Write([]byte("open"))
	})))
	c.connect(1, "/")
	c.wantStatus(1, 200)
	if _, _, p := c.read(1); string(p) != "open" {
		t.Errorf("got %q", p)
	}
}

package middleware

import (
	"bytes"
	"errors"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	chimiddleware "github.com/go-chi/chi/v5/middleware"

	"example.com/wsecho/wsecho"
)

// TestConnectWriterAfterHijack: what a middleware inside still does to the writer reaches
// the connection or nothing, before ServeHTTP returns and after.
func TestConnectWriterAfterHijack(t *testing.T) {
	type hijacked struct {
		w    http.ResponseWriter
		conn net.Conn
	}
	got := make(chan hijacked, 1)
	c := serveH2(t, ExtendedConnect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Before", "yes")
		w.WriteHeader(http.StatusSwitchingProtocols)
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
		}
		got <- hijacked{w, conn}
	})))
	c.connect(1, "/")
	c.wantStatus(1, 200)
	h := <-got
	rc := http.NewResponseController(h.w)

	if err := errors.Join(rc.SetReadDeadline(past), rc.SetWriteDeadline(past)); err != nil {
		t.Errorf("deadlines: %v", err)
	}
	if _, err := h.conn.Read(make([]byte, 1)); err != os.ErrDeadlineExceeded {
		t.Errorf("Read: %v; the deadline is not the connection's", err)
	}
	if _, err := h.conn.Write([]byte("x")); err != os.ErrDeadlineExceeded {
		t.Errorf("Write: %v; the deadline is not the connection's", err)
	}
	// net/http's own would have reset the stream.
	if err := errors.Join(rc.SetReadDeadline(time.Time{}), rc.SetWriteDeadline(time.Time{})); err != nil {
		t.Errorf("deadlines taken back: %v", err)
	}
	if _, err := h.conn.Write([]byte("still")); err != nil {
		t.Error(err)
	}
	if typ, _, p := c.read(1); typ != h2Data || string(p) != "still" {
		t.Fatalf("got frame type %d, %q", typ, p)
	}

	h.conn.Close()
	for typ := byte(h2Data); typ != h2RSTStream; { // net/http has the writer back
		typ, _, _ = c.read(1)
	}
	if err := rc.SetReadDeadline(time.Now()); err != net.ErrClosed {
		t.Errorf("SetReadDeadline after the return: %v", err)
	}
	if err := rc.SetWriteDeadline(time.Now()); err != net.ErrClosed {
		t.Errorf("SetWriteDeadline after the return: %v", err)
	}
	h.w.Header().Set("Set-After", "yes")
	if header := h.w.Header(); header.Get("Set-Before") != "yes" || header.Get("Set-After") != "yes" {
		t.Errorf("after the return the header is %v", header)
	}
	h.w.WriteHeader(http.StatusGatewayTimeout)
	if err := rc.Flush(); err != http.ErrHijacked {
		t.Errorf("Flush after the return: %v", err)
	}
}

// TestConnectWriterBeforeHijack: until then the deadlines are the request's.
func TestConnectWriterBeforeHijack(t *testing.T) {
	w := &deadlined{}
	cw := &connectWriter{ResponseWriter: w}
	if errors.Join(cw.SetReadDeadline(past), cw.SetWriteDeadline(past)) != nil || w.read != past || w.write != past {
		t.Errorf("set to %v and %v", w.read, w.write)
	}
}

type deadlined struct {
	http.ResponseWriter
	read, write time.Time
}

func (w *deadlined) SetReadDeadline(t time.Time) error  { w.read = t; return nil }
func (w *deadlined) SetWriteDeadline(t time.Time) error { w.write = t; return nil }

// outsideWriter is a middleware's around net/http's, and compresses: it keeps the status back until there is a
// body, and begins that with a flush.
type outsideWriter struct {
	http.ResponseWriter
	written *bytes.Buffer // through it
}

func (w outsideWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
func (w outsideWriter) Write(p []byte) (int, error) {
	w.written.Write(p)
	return w.ResponseWriter.Write(p)
}
func (w outsideWriter) WriteHeader(code int) {
	w.Header().Set("Content-Encoding", "x")
	if code != http.StatusOK {
		w.ResponseWriter.WriteHeader(code)
	}
}
func (w outsideWriter) Flush() { w.Write([]byte("compressed:")) }

// TestConnectWriterGoesRoundTheOutside: as a hijacked connection does.
func TestConnectWriterGoesRoundTheOutside(t *testing.T) {
	var written bytes.Buffer
	inner := ExtendedConnect(http.HandlerFunc(echo))
	ended := make(chan struct{})
	c := serveH2(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		inner.ServeHTTP(outsideWriter{w, &written}, r)
	}))
	c.connect(1, "/")
	c.wantStatus(1, 200)
	c.write(h2Data, 0, 1, text("hello"))
	if _, _, p := c.read(1); string(p) != "\x81\x05hello" {
		t.Fatalf("got %q; want the echo", p)
	}
	c.write(h2RSTStream, 0, 1, []byte{0, 0, 0, 8})
	<-ended
	if written.Len() > 0 {
		t.Errorf("the middleware outside saw %q", &written)
	}
}

// lostWriter is a server's own that has lost its peer.
type lostWriter struct {
	streamWriter
	err error
}

func (w lostWriter) FlushError() error { return w.err }

// streamWriter is what net/http's own writer for HTTP/2 has.
type streamWriter interface {
	http.ResponseWriter
	http.Flusher
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// TestConnectWriterCannotOpen: who cannot send the 200 has no connection, and says so.
func TestConnectWriterCannotOpen(t *testing.T) {
	lost := errors.New("lost")
	check := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, lost) {
			t.Errorf("%s: %v", what, err)
		}
	}
	inner := ExtendedConnect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/101" {
			w.WriteHeader(http.StatusSwitchingProtocols)
			conn, _, err := w.(http.Hijacker).Hijack()
			check("Hijack", err)
			if err == nil {
				conn.Close()
			}
			return
		}
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		for _, write := range []string{"HTTP/1.1 101 S\r\n\r\n", "more"} {
			_, err = io.WriteString(conn, write)
			check("Write", err)
		}
	}))
	ended := make(chan bool)
	c := serveH2(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner.ServeHTTP(lostWriter{w.(streamWriter), lost}, r)
		ended <- true
	}))
	for i, path := range []string{"/101", "/raw"} {
		c.connect(uint32(2*i+1), path)
		<-ended
	}
}

// TestConnectWriterOpaqueOutside: behind a writer that hides net/http's there is nothing to
// hijack. Nobody is told of a 101, and the log names that writer.
func TestConnectWriterOpaqueOutside(t *testing.T) {
	var service, access bytes.Buffer
	h := &wsecho.Handler{Logger: slog.New(slog.NewTextHandler(&service, nil))}
	t.Cleanup(func() { h.Close() })
	logger := chimiddleware.RequestLogger(&chimiddleware.DefaultLogFormatter{Logger: log.New(&access, "", 0), NoColor: true})
	ended := make(chan bool, 1)
	inner := http.TimeoutHandler(ExtendedConnect(logger(h)), time.Minute, "")
	c := serveH2(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner.ServeHTTP(w, r)
		ended <- true
	}))
	c.connect(1, "/")
	c.want501(1)
	<-ended
	if s := service.String(); strings.Count(s, "*http.timeoutWriter") != 1 || strings.Count(s, "not supported") != 1 {
		t.Errorf("the log does not name the writer once:\n%s", s)
	}
	if s := access.String(); !strings.Contains(s, " - 501 ") {
		t.Errorf("the access log has:\n%s", s)
	}
}

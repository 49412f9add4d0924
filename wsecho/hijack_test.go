package wsecho_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	chimiddleware "github.com/go-chi/chi/v5/middleware"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/inmem"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// failing is a writer that promises to hijack and fails.
type failing struct{ http.ResponseWriter }

func (failing) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, errSecret }

// refusing is one that shows the one below it and hijacks nothing.
type refusing struct{ seeThrough }

func (refusing) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, errSecret }

// asserting is gin's: it panics where the one below it cannot be hijacked.
type asserting struct{ seeThrough }

func (w asserting) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return w.ResponseWriter.(http.Hijacker).Hijack()
}

// asking is one that hijacks if the one that it wraps can.
type asking struct{ seeThrough }

func (w asking) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if hj, ok := w.ResponseWriter.(http.Hijacker); ok {
		return hj.Hijack()
	}
	return nil, nil, errSecret
}

// seeThrough is a writer that shows the one below it.
type seeThrough struct{ http.ResponseWriter }

func (w seeThrough) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// opaque is one below which nothing can be seen.
type opaque struct {
	below  http.ResponseWriter
	hijack error
}

func (w opaque) Header() http.Header         { return w.below.Header() }
func (w opaque) Write(p []byte) (int, error) { return w.below.Write(p) }
func (w opaque) WriteHeader(code int)        { w.below.WriteHeader(code) }
func (w opaque) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if w.hijack != nil {
		return nil, nil, w.hijack
	}
	return w.below.(http.Hijacker).Hijack()
}

// Writers that middleware puts in the way, or does not.
func TestHijackThroughWriters(t *testing.T) {
	for _, c := range []struct {
		name   string
		wrap   func(http.ResponseWriter) http.ResponseWriter
		status int
		blamed string
	}{
		{"one that shows the one below", func(w http.ResponseWriter) http.ResponseWriter { return seeThrough{w} }, 101, ""},
		{"two of them", func(w http.ResponseWriter) http.ResponseWriter { return seeThrough{seeThrough{w}} }, 101, ""},
		{"one that hides it", func(w http.ResponseWriter) http.ResponseWriter { return noHijack{w} }, 501, "wsecho_test.noHijack"},
		{"one that hides it, further down", func(w http.ResponseWriter) http.ResponseWriter { return seeThrough{noHijack{w}} }, 501, "wsecho_test.noHijack"},
		{"one that fails", func(w http.ResponseWriter) http.ResponseWriter { return failing{w} }, 101, ""},
		{"one that fails, further down", func(w http.ResponseWriter) http.ResponseWriter { return seeThrough{failing{w}} }, 101, ""},
		{"one that shows the one below and fails", func(w http.ResponseWriter) http.ResponseWriter { return refusing{seeThrough{w}} }, 101, ""},
		{"that one, further down", func(w http.ResponseWriter) http.ResponseWriter { return seeThrough{refusing{seeThrough{w}}} }, 101, ""},
		{"one that asks the one below", func(w http.ResponseWriter) http.ResponseWriter { return asking{seeThrough{w}} }, 101, ""},
		{"one that asks one that cannot", func(w http.ResponseWriter) http.ResponseWriter { return asking{seeThrough{seeThrough{w}}} }, 101, ""},
		{"one that panics at one that cannot", func(w http.ResponseWriter) http.ResponseWriter { return asserting{seeThrough{seeThrough{w}}} }, 101, ""},
		{"chi's around one that fails", func(w http.ResponseWriter) http.ResponseWriter {
			return chimiddleware.NewWrapResponseWriter(refusing{seeThrough{w}}, 1)
		}, 101, ""},
		{"an opaque one", func(w http.ResponseWriter) http.ResponseWriter { return opaque{w, nil} }, 101, ""},
		{"an opaque one that fails", func(w http.ResponseWriter) http.ResponseWriter { return opaque{w, errSecret} }, 501, "wsecho_test.opaque"},
		{"that one, further down", func(w http.ResponseWriter) http.ResponseWriter { return seeThrough{opaque{w, errSecret}} }, 501, "wsecho_test.opaque"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := serve(t, &wsecho.Handler{}, throughWriter(c.wrap))
			e.watch()
			p, answer, body := e.shake(t, peer.Request{})
			if answer.StatusCode != c.status {
				t.Fatalf("%s %q", answer.Status, body)
			}
			if p != nil {
				p.Send(peer.Text("m"))
				if got := p.Next(); got != "text:m" {
					t.Errorf("the peer saw %q", got)
				}
				return
			}
			checkRefusal(t, e, answer, fault{check: "hijack", status: 501})
			if !e.log.Has(c.blamed) {
				t.Errorf("the log does not name %s:\n%s", c.blamed, e.log)
			}
			if strings.Contains(body, "secret") {
				t.Errorf("the client is told: %q", body)
			}
		})
	}
}

// throughWriter is a middleware that puts a writer in the way.
func throughWriter(wrap func(http.ResponseWriter) http.ResponseWriter) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(wrap(w), r) })
	}
}

// A response that has begun cannot become a 101, and opens no session.
func TestHijackAfterAnAnswer(t *testing.T) {
	h := &wsecho.Handler{}
	e := serve(t, h, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusOK)
			next.ServeHTTP(w, r)
		})
	})
	if _, answer, _ := e.shake(t, peer.Request{}); answer.StatusCode != 200 {
		t.Errorf("%s", answer.Status)
	}
	if st := h.Stats(); st.Opened != 0 || st.Refused["hijack"] != 1 {
		t.Errorf("%+v", st)
	}
}

// A peer that does not take the 101 within WriteTimeout gets no frames in its place.
func TestHeadThatIsNotTaken(t *testing.T) {
	t.Parallel()
	for _, over := range []struct {
		name string
		wrap func(http.ResponseWriter) http.ResponseWriter
	}{
		{"raw", func(w http.ResponseWriter) http.ResponseWriter { return w }},
		{"plain", func(w http.ResponseWriter) http.ResponseWriter { return plainHijack{w} }},
		{"behind chi's Logger", func(w http.ResponseWriter) http.ResponseWriter { return chimiddleware.NewWrapResponseWriter(w, 1) }},
		{"behind one that keeps it back", func(w http.ResponseWriter) http.ResponseWriter { return &delaying{ResponseWriter: w} }},
	} {
		t.Run(over.name, func(t *testing.T) {
			ended := make(chan error, 1)
			h := &wsecho.Handler{WriteTimeout: time.Nanosecond,
				OnOpen:  func(s *wsecho.Session, _ *http.Request) error { s.TryWrite(text, []byte("frame")); return nil },
				OnClose: func(_ context.Context, _ *wsecho.Session, err error) { ended <- err },
			}
			e := serve(t, h, throughWriter(over.wrap))
			c, err := net.Dial("tcp", e.srv.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			c.SetDeadline(time.Now().Add(await.Patience))
			c.Write(peer.Request{}.Bytes())
			if got, err := io.ReadAll(c); len(got) > 0 || err != nil {
				t.Errorf("the peer saw %q, %v", got, err)
			}
			if err := await.Value(t, "OnClose", ended); !errors.Is(err, net.ErrClosed) {
				t.Errorf("OnClose got %v", err)
			}
			await.Poll(t, "the session is gone", func() bool { return h.Stats().Open == 0 })
			if got := h.Stats().Ended; got["lost"] != 1 {
				t.Errorf("ended as %v", got)
			}
		})
	}
}

// The handler's goroutine, the place in MaxSessions and Shutdown wait for no peer that does not read.
func TestHeadThatWaits(t *testing.T) {
	for name, wrap := range map[string]func(http.ResponseWriter) http.ResponseWriter{
		"bare":                     func(w http.ResponseWriter) http.ResponseWriter { return w },
		"behind chi's Logger":      func(w http.ResponseWriter) http.ResponseWriter { return chimiddleware.NewWrapResponseWriter(w, 1) },
		"behind gorilla's, opaque": func(w http.ResponseWriter) http.ResponseWriter { return plainHijack{w} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &wsecho.Handler{WriteTimeout: time.Minute}
				returned := make(chan struct{})
				ln := inmem.Listen(net.Pipe)
				srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					h.ServeHTTP(wrap(w), r)
					close(returned)
				})}
				go srv.Serve(ln)
				defer srv.Close()
				c, err := ln.Dial(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				began := time.Now()
				c.Write(peer.Request{}.Bytes()) // and nothing is read: a pipe holds nothing
				<-returned
				if took := time.Since(began); took != time.Minute { // of the bubble
					t.Errorf("ServeHTTP returned after %v", took)
				}
				if err := h.Shutdown(t.Context()); err != nil || h.Stats().Open != 0 {
					t.Errorf("Shutdown: %v, %d open", err, h.Stats().Open)
				}
			})
		})
	}
}

// plainHijack gives a connection that is not read around.
type plainHijack struct{ http.ResponseWriter }

func (w plainHijack) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, brw, err := w.ResponseWriter.(http.Hijacker).Hijack()
	return struct{ net.Conn }{c}, brw, err
}

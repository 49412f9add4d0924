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
	"time"

	chimiddleware "github.com/go-chi/chi/v5/middleware"

	"example.com/wsecho/middleware"
	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
)

// failing is a writer that promises to hijack and fails.
type failing struct{ http.ResponseWriter }

func (failing) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, errSecret }

// refusing is one that shows the one below it and hijacks nothing.
type refusing struct{ seeThrough }

func (refusing) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, errSecret }

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
		{"one that fails", func(w http.ResponseWriter) http.ResponseWriter { return failing{w} }, 501, "wsecho_test.failing"},
		{"one that fails, further down", func(w http.ResponseWriter) http.ResponseWriter { return seeThrough{failing{w}} }, 501, "wsecho_test.failing"},
		{"one that shows the one below and fails", func(w http.ResponseWriter) http.ResponseWriter { return refusing{seeThrough{w}} }, 501, "wsecho_test.refusing"},
		{"that one, further down", func(w http.ResponseWriter) http.ResponseWriter { return seeThrough{refusing{seeThrough{w}}} }, 501, "wsecho_test.refusing"},
		{"one that asks the one below", func(w http.ResponseWriter) http.ResponseWriter { return asking{seeThrough{w}} }, 101, ""},
		{"one that asks one that cannot", func(w http.ResponseWriter) http.ResponseWriter { return asking{seeThrough{seeThrough{w}}} }, 501, "wsecho_test.asking"},
		{"chi's around one that fails", func(w http.ResponseWriter) http.ResponseWriter {
			return chimiddleware.NewWrapResponseWriter(refusing{seeThrough{w}}, 1)
		}, 501, "middleware.hijackWriter"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := serve(t, &wsecho.Handler{}, func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(c.wrap(w), r) })
			})
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

// recorder is the usual writer of an access log.
type recorder struct {
	http.ResponseWriter
	status int
}

func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *recorder) WriteHeader(code int) {
	w.status = code
	w.ResponseWriter.WriteHeader(code)
}

// Access logs see the 101, also around what else is in the way.
func TestAccessLogSees101(t *testing.T) {
	own := func(next http.Handler, status func(int)) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rec := &recorder{ResponseWriter: w}
			next.ServeHTTP(rec, r)
			status(rec.status)
		})
	}
	chis := func(next http.Handler, status func(int)) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ww := chimiddleware.NewWrapResponseWriter(w, r.ProtoMajor)
			next.ServeHTTP(ww, r)
			status(ww.Status())
		})
	}
	limit := middleware.LimitPerClient(10, nil)
	for name, c := range map[string]struct {
		log    func(next http.Handler, status func(int)) http.Handler
		around func(http.Handler) http.Handler // the handler, within log
	}{
		"one's own":                        {own, nil},
		"chi's":                            {chis, nil},
		"one's own, around LimitPerClient": {own, limit},
		"chi's, around LimitPerClient":     {chis, limit},
		"chi's, around chi's Compress":     {chis, chimiddleware.Compress(5)},
	} {
		t.Run(name, func(t *testing.T) {
			seen := make(chan int, 1)
			e := serve(t, &wsecho.Handler{}, func(next http.Handler) http.Handler {
				if c.around != nil {
					next = c.around(next)
				}
				return c.log(next, func(status int) { seen <- status })
			})
			p := e.open(t)
			p.Send(peer.Text("m"))
			if got := p.Next(); got != "text:m" {
				t.Errorf("the peer saw %q", got)
			}
			if status := wait(t, "the handler returns", seen); status != 101 {
				t.Errorf("the log saw %d", status)
			}
		})
	}
}

// A peer that does not take the 101 within WriteTimeout gets no frames in its place.
func TestHeadThatIsNotTaken(t *testing.T) {
	for _, over := range []struct {
		name string
		wrap func(http.ResponseWriter) http.ResponseWriter
	}{
		{"raw", func(w http.ResponseWriter) http.ResponseWriter { return w }},
		{"plain", func(w http.ResponseWriter) http.ResponseWriter { return plainHijack{w} }},
	} {
		t.Run(over.name, func(t *testing.T) {
			ended := make(chan error, 1)
			h := &wsecho.Handler{WriteTimeout: time.Nanosecond,
				OnOpen:  func(s *wsecho.Session, _ *http.Request) error { s.TryWrite(text, []byte("frame")); return nil },
				OnClose: func(_ context.Context, _ *wsecho.Session, err error) { ended <- err },
			}
			e := serve(t, h, func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(over.wrap(w), r) })
			})
			c, err := net.Dial("tcp", e.srv.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			c.SetDeadline(time.Now().Add(20 * time.Second))
			c.Write(peer.Request{}.Bytes())
			if got, err := io.ReadAll(c); len(got) > 0 || err != nil {
				t.Errorf("the peer saw %q, %v", got, err)
			}
			if err := wait(t, "OnClose", ended); !errors.Is(err, net.ErrClosed) {
				t.Errorf("OnClose got %v", err)
			}
			sessiontest.Poll(t, "the session is gone", func() bool { return h.Stats().Open == 0 })
			if got := h.Stats().Ended; got["lost"] != 1 {
				t.Errorf("ended as %v", got)
			}
		})
	}
}

// plainHijack gives a connection that is not read around.
type plainHijack struct{ http.ResponseWriter }

func (w plainHijack) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, brw, err := w.ResponseWriter.(http.Hijacker).Hijack()
	return struct{ net.Conn }{c}, brw, err
}

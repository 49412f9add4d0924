package peertest

import (
	"io"
	"net/http"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"example.com/wsecho/middleware"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// TestConnectionCloseIsGoAway: what "Connection: close" says in a refusal over
// HTTP/1.1, GOAWAY says over HTTP/2.
func TestConnectionCloseIsGoAway(t *testing.T) {
	s := overHTTP2.serve(t, middleware.ExtendedConnect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		http.Error(w, "shutting down", http.StatusServiceUnavailable)
	})), nil)
	f := overHTTP2.frames(t, s)
	f.sendConnect(1, "/", false)
	for {
		switch fr := f.next().(type) {
		case *http2.MetaHeadersFrame:
			wantWellFormed(t, fr)
		case *http2.GoAwayFrame:
			return
		}
	}
}

// TestPeerEnds: what was sent before the peer's end is read, then comes the end. The
// handler has returned long before, so it is ExtendedConnect that has to wait.
func TestPeerEnds(t *testing.T) {
	type result struct {
		p   []byte
		err error
	}
	for name, end := range map[string]func(f *framer){
		"END_STREAM": func(f *framer) { f.fr.WriteData(1, true, nil) },
		"RST_STREAM": func(f *framer) { f.fr.WriteRSTStream(1, http2.ErrCodeCancel) },
		"TCP":        func(f *framer) { f.conn.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			opened, ended, done := make(chan struct{}), make(chan struct{}), make(chan result, 1)
			s := overHTTP2.serve(t, middleware.ExtendedConnect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(http.StatusSwitchingProtocols)
				c, _, err := w.(http.Hijacker).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				go func() {
					defer c.Close()
					close(opened)
					<-ended
					if name != "END_STREAM" {
						<-r.Context().Done()
					}
					<-time.After(soon) // by then all who would act on it have acted
					p, err := io.ReadAll(c)
					done <- result{p, err}
				}()
			})), nil)
			f := overHTTP2.frames(t, s)
			f.connect(1, "/")
			<-opened
			f.fr.WriteData(1, false, []byte("last words"))
			end(f)
			close(ended)
			got := await.Value(t, "done", done)
			if string(got.p) != "last words" {
				t.Errorf("read %q", got.p)
			}
			if clean := got.err == nil; clean != (name == "END_STREAM") {
				t.Errorf("then %v", got.err)
			}
		})
	}
}

// TestPanic: the peer sees a reset, and others of its connection nothing.
func TestPanic(t *testing.T) {
	s := overHTTP2.serve(t, middleware.ExtendedConnect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			coderEcho(w, r)
			return
		}
		w.WriteHeader(http.StatusSwitchingProtocols)
		c, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
		}
		defer func() {
			if _, err := c.Write([]byte("x")); err != nil {
				t.Errorf("while it panics: %v", err)
			}
		}()
		panic(http.ErrAbortHandler)
	})), nil)
	f := overHTTP2.frames(t, s)
	f.connect(1, "/", "sec-websocket-protocol", "echo-protocol")
	f.connect(3, "/panic")
	f.wantReset(3, http2.ErrCodeInternal)
	f.wantEcho(1, "still")
}

// TestShutdown: GOAWAY leaves an open session alone, and Shutdown waits for it.
func TestShutdown(t *testing.T) {
	s := overHTTP2.serve(t, middleware.ExtendedConnect(http.HandlerFunc(coderEcho)), nil)
	f := overHTTP2.frames(t, s)
	f.connect(1, "/", "sec-websocket-protocol", "echo-protocol")
	down := make(chan error, 1)
	go func() { down <- s.Config.Shutdown(await.Within(t)) }()
	for {
		if g, ok := f.next().(*http2.GoAwayFrame); ok {
			if g.ErrCode != http2.ErrCodeNo {
				t.Errorf("GOAWAY %v", g.ErrCode)
			}
			break
		}
	}
	f.wantEcho(1, "after GOAWAY")
	select {
	case err := <-down:
		t.Fatalf("Shutdown returned %v with a session open", err)
	default:
	}
	f.send(1, 8, "\x03\xe8")
	if err := await.Value(t, "down", down); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
}

// TestServerTimeouts: those of http.Server are for requests.
func TestServerTimeouts(t *testing.T) {
	t.Parallel()
	const timeout = 4 * time.Second // which the connection's preface has to keep, and the way to Hijack
	s := overH2C.serve(t, middleware.ExtendedConnect(http.HandlerFunc(coderEcho)), func(s *http.Server) {
		s.ReadTimeout, s.WriteTimeout, s.IdleTimeout, s.ReadHeaderTimeout = timeout, timeout, timeout, timeout
	})
	f := overH2C.frames(t, s)
	f.connect(1, "/", "sec-websocket-protocol", "echo-protocol")
	for range 2 {
		<-time.After(timeout + timeout/4)
		f.wantEcho(1, "still")
	}
}

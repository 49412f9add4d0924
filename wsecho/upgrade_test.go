package wsecho_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"weak"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/wsechotest/await"
	"example.com/wsecho/wsecho/wsechotest/child"
)

// It returns once OnOpen has.
func TestServeHTTPReturnsOnceOnOpenHas(t *testing.T) {
	returned, release := make(chan struct{}), make(chan struct{})
	e := serve(t, &wsecho.Handler{OnOpen: func(*wsecho.Session, *http.Request) error { <-release; return nil }}, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, r); close(returned) })
	})
	p := e.open(t)
	select {
	case <-returned:
		t.Error("it returned before OnOpen")
	default:
	}
	close(release)
	await.Value(t, "ServeHTTP returns", returned)
	p.Send(peer.Text("m"))
	if got := p.Next(); got != "text:m" {
		t.Errorf("the peer saw %q", got)
	}
}

// RemoteAddr is r.RemoteAddr as ServeHTTP got it.
func TestRemoteAddrIsThatOfTheRequest(t *testing.T) {
	got := make(chan string, 1)
	e := serve(t, &wsecho.Handler{OnOpen: func(s *wsecho.Session, _ *http.Request) error { got <- s.RemoteAddr(); return nil }}, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { r.RemoteAddr = "203.0.113.7:1"; next.ServeHTTP(w, r) })
	})
	e.open(t)
	if a := await.Value(t, "OnOpen", got); a != "203.0.113.7:1" {
		t.Errorf("it is %q", a)
	}
}

// Data is the hooks' own, set in OnOpen.
func TestDataIsTheHooksOwn(t *testing.T) {
	b := start(t, &wsecho.Handler{
		OnOpen: func(s *wsecho.Session, _ *http.Request) error { s.Data = 1; return nil },
		OnMessage: onMessage(func(s *wsecho.Session) error {
			s.Data = s.Data.(int) + 1
			return s.TryWrite(text, fmt.Append(nil, s.Data))
		}),
	})
	b.Send(peer.Text("m"), peer.Text("m"))
	if a, c := b.Peer.Next(), b.Peer.Next(); a != "text:2" || c != "text:3" {
		t.Errorf("the peer saw %q, %q", a, c)
	}
}

type ctxKey struct{}

// inContext is a middleware that gives the request a value, a deadline and an end.
func inContext(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(context.WithValue(r.Context(), ctxKey{}, "value"), time.Hour)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

func TestOnCloseContextEndsWithShutdowns(t *testing.T) {
	for _, how := range []string{"ends when Shutdown's ctx does", "ends when Handler.Close is called"} {
		t.Run("OnClose's ctx "+how, func(t *testing.T) {
			in, out := make(chan struct{}), make(chan error, 1)
			h := &wsecho.Handler{OnClose: func(ctx context.Context, s *wsecho.Session, err error) {
				close(in)
				<-ctx.Done()
				out <- ctx.Err()
			}}
			e := serve(t, h)
			p := e.open(t)
			p.Close()
			await.Value(t, "OnClose", in)
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			down := make(chan error, 1)
			go func() { down <- h.Shutdown(ctx) }()
			untilShut(t, e)
			select {
			case <-out:
				t.Error("it ended before")
			default:
			}
			if strings.Contains(how, "Close") {
				h.Close()
				await.Value(t, "the end of OnClose's ctx", out)
				if err := await.Value(t, "Shutdown", down); err != nil {
					t.Error(err)
				}
				return
			}
			cancel()
			await.Value(t, "the end of OnClose's ctx", out)
			if err := await.Value(t, "Shutdown", down); !errors.Is(err, context.Canceled) {
				t.Errorf("Shutdown returned %v", err)
			}
		})
	}
}

// OnMessage's ctx is s.Context() and keeps the request's values, not its cancellation or deadline.
func TestMessageContextKeepsTheRequestsValuesAlone(t *testing.T) {
	ended, cause := make(chan error, 1), make(chan error, 1)
	h := &wsecho.Handler{
		OnOpen: func(s *wsecho.Session, r *http.Request) error {
			if r.Context() != s.Context() {
				t.Error("r in OnOpen does not carry the session's context")
			}
			s.Go(func(ctx context.Context) error {
				if ctx != s.Context() {
					t.Error("a function of Go got another context")
				}
				<-ctx.Done()
				cause <- context.Cause(ctx)
				return nil
			})
			return nil
		},
		OnMessage: func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
			if ctx != s.Context() {
				t.Error("OnMessage's ctx is not s.Context()")
			}
			if _, has := ctx.Deadline(); has || ctx.Err() != nil || ctx.Value(ctxKey{}) != "value" {
				t.Errorf("deadline %t, err %v, value %v", has, ctx.Err(), ctx.Value(ctxKey{}))
			}
			return s.Write(ctx, typ, p)
		},
		OnClose: func(ctx context.Context, s *wsecho.Session, err error) {
			if ctx.Err() != nil || ctx.Value(ctxKey{}) != "value" {
				t.Errorf("OnClose's ctx: err %v, value %v", ctx.Err(), ctx.Value(ctxKey{}))
			}
			if s.Context().Err() == nil || context.Cause(s.Context()) != err {
				t.Errorf("the session's context ended with %v, OnClose got %v", context.Cause(s.Context()), err)
			}
			ended <- err
		},
	}
	var returned atomic.Bool
	e := serve(t, h, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, r); returned.Store(true) })
	}, inContext)
	for _, end := range [][]byte{peer.Close(1000, ""), peer.Text("\xff"), nil} {
		returned.Store(false)
		p := e.open(t)
		await.Poll(t, "ServeHTTP has returned, and the request's context ended", returned.Load)
		p.Send(peer.Text("m"))
		if got := p.Next(); got != "text:m" {
			t.Errorf("the peer saw %q", got)
		}
		p.Send(end)
		p.Close()
		if a, b := await.Value(t, "OnClose", ended), await.Value(t, "the context's end", cause); a != b {
			t.Errorf("the cause is %v, OnClose's error %v", b, a)
		}
	}
}

// spy is a ResponseWriter that keeps weak pointers to what net/http gives up with a connection.
type spy struct {
	http.ResponseWriter
	seen func(*bufio.ReadWriter)
}

func (s spy) Unwrap() http.ResponseWriter { return s.ResponseWriter }
func (s spy) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, brw, err := http.NewResponseController(s.ResponseWriter).Hijack()
	if err == nil {
		s.seen(brw)
	}
	return c, brw, err
}

// An idle session has one goroutine, or none once it is parked, and nothing of net/http's.
func TestWhatAnIdleSessionHolds(t *testing.T) {
	if !child.Alone(t) {
		return
	}
	const n = 100
	var mu sync.Mutex
	var readers []weak.Pointer[bufio.Reader]
	var writers []weak.Pointer[bufio.Writer]
	var requests []weak.Pointer[http.Request]
	for _, parks := range []bool{false, true} {
		h := &wsecho.Handler{}
		wsecho.ParkAfter(h, time.Hour)
		if parks {
			wsecho.ParkAfter(h, time.Millisecond)
		}
		e := serve(t, h, func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				requests = append(requests, weak.Make(r))
				mu.Unlock()
				next.ServeHTTP(spy{w, func(brw *bufio.ReadWriter) {
					mu.Lock()
					defer mu.Unlock()
					readers, writers = append(readers, weak.Make(brw.Reader)), append(writers, weak.Make(brw.Writer))
				}}, r)
			})
		})
		before := runtime.NumGoroutine()
		for range n {
			p := e.open(t)
			p.Send(peer.Text("m"))
			if got := p.Next(); got != "text:m" {
				t.Fatalf("the peer saw %q", got)
			}
		}
		most := n
		if parks && runtime.GOOS == "linux" {
			most = 0
		}
		await.Poll(t, fmt.Sprintf("%d sessions have %d goroutines", n, most), func() bool {
			return runtime.NumGoroutine() <= before+most+2 // and one that waits for those that are parked
		})
		await.Poll(t, "no goroutine of net/http is left", func() bool {
			stacks := make([]byte, 1<<20)
			return !bytes.Contains(stacks[:runtime.Stack(stacks, true)], []byte("net/http.(*conn).serve"))
		})
		if h.Stats().Open != n {
			t.Errorf("%d are open", h.Stats().Open)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(requests) != 2*n || len(readers) != 2*n {
		t.Fatalf("%d requests, %d readers", len(requests), len(readers))
	}
	await.Poll(t, "all of net/http's is collected", func() bool {
		runtime.GC()
		for i := range 2 * n {
			if readers[i].Value() != nil || writers[i].Value() != nil || requests[i].Value() != nil {
				return false
			}
		}
		return true
	})
}

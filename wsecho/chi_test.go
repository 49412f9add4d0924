package wsecho_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/go-chi/chi/v5"
	chimiddleware "github.com/go-chi/chi/v5/middleware"

	"example.com/wsecho/middleware"
	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// A hook may route with the session's context, while the router fills the one that it was copied from.
func TestRoutingInAHook(t *testing.T) {
	inner := chi.NewRouter()
	inner.Get("/say/{word}", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, chi.URLParam(r, "word")) })
	h := &wsecho.Handler{OnMessage: func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
		chi.RouteContext(ctx).RoutePath = "/say/" + string(p)
		w := httptest.NewRecorder()
		inner.ServeHTTP(w, httptest.NewRequest("GET", "/", nil).WithContext(ctx))
		return s.Write(ctx, typ, w.Body.Bytes())
	}}
	r := chi.NewRouter()
	r.Handle("/rooms/{room}", h)
	r.Get("/other/{room}", func(http.ResponseWriter, *http.Request) {})
	p := behind(t, h, r).at(t, "/rooms/r1")
	var wg sync.WaitGroup
	defer wg.Wait()
	var over atomic.Bool
	defer over.Store(true)
	wg.Go(func() {
		for !over.Load() {
			r.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/other/x", nil))
		}
	})
	for i := range 200 {
		word := fmt.Sprint("w", i)
		p.Send(peer.Text(word))
		if got := p.Next(); got != "text:"+word {
			t.Fatalf("the peer saw %q, not %s", got, word)
		}
	}
}

// at opens a session at target.
func (e *endpoint) at(t testing.TB, target string) *peer.Peer {
	t.Helper()
	p, answer, body := e.shake(t, peer.Request{Target: target})
	if p == nil {
		t.Fatalf("%s: %s %q", target, answer.Status, body)
	}
	return p
}

func TestMounted(t *testing.T) {
	where := func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
		return s.Write(ctx, typ, fmt.Appendf(nil, "%s/%s", chi.URLParamFromCtx(ctx, "org"), chi.URLParamFromCtx(ctx, "room")))
	}
	for name, mount := range map[string]func(r chi.Router, h http.Handler){
		"r.Handle": func(r chi.Router, h http.Handler) { r.Handle("/orgs/{org}/rooms/{room}", h) },
		"r.Get":    func(r chi.Router, h http.Handler) { r.Get("/orgs/{org}/rooms/{room}", h.ServeHTTP) },
		"r.Method": func(r chi.Router, h http.Handler) { r.Method("GET", "/orgs/{org}/rooms/{room}", h) },
		"r.Route": func(r chi.Router, h http.Handler) {
			r.Route("/orgs/{org}", func(r chi.Router) { r.Handle("/rooms/{room}", h) })
		},
		"r.Mount": func(r chi.Router, h http.Handler) {
			sub := chi.NewRouter()
			sub.Get("/rooms/{room}", h.ServeHTTP)
			r.Mount("/orgs/{org}", sub)
		},
		"r.With and r.Group": func(r chi.Router, h http.Handler) {
			r.Group(func(r chi.Router) { r.With(chimiddleware.NoCache).Get("/orgs/{org}/rooms/{room}", h.ServeHTTP) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			var returned atomic.Int32
			h := &wsecho.Handler{OnMessage: where, OnClose: func(ctx context.Context, s *wsecho.Session, _ error) {
				if got := chi.URLParamFromCtx(ctx, "room"); !strings.HasPrefix(got, "r") {
					t.Errorf("in OnClose the room is %q", got)
				}
			}}
			r := chi.NewRouter()
			r.Use(func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, r); returned.Add(1) })
			})
			mount(r, h)
			r.Get("/other/{org}/{room}", func(w http.ResponseWriter, r *http.Request) {})
			e := behind(t, h, r)
			a, b := e.at(t, "/orgs/o1/rooms/r1"), e.at(t, "/orgs/o2/rooms/r2")
			await.Poll(t, "ServeHTTP has returned", func() bool { return returned.Load() == 2 })
			var wg sync.WaitGroup
			for g := range 4 { // the route contexts are used again
				wg.Go(func() {
					for i := range 500 {
						r.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", fmt.Sprintf("/other/x%d/y%d", g, i), nil))
						if i%100 == 0 {
							a.Send(peer.Text("m"))
						}
					}
				})
			}
			for range 20 {
				if got := a.Next(); got != "text:o1/r1" {
					t.Errorf("the peer of o1/r1 saw %q", got)
				}
			}
			wg.Wait()
			b.Send(peer.Text("m"))
			if got := b.Next(); got != "text:o2/r2" {
				t.Errorf("the peer of o2/r2 saw %q", got)
			}
		})
	}
	t.Run("http.ServeMux", func(t *testing.T) {
		h := &wsecho.Handler{OnOpen: func(s *wsecho.Session, r *http.Request) error { s.Data = r.PathValue("room"); return nil },
			OnMessage: func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
				return s.Write(ctx, typ, []byte(s.Data.(string)))
			}}
		mux := http.NewServeMux()
		mux.Handle("GET /rooms/{room}", h)
		p := behind(t, h, mux).at(t, "/rooms/r1")
		p.Send(peer.Text("m"))
		if got := p.Next(); got != "text:r1" {
			t.Errorf("the peer saw %q", got)
		}
	})
}

func TestBehindMiddleware(t *testing.T) {
	timeout := func(next http.Handler) http.Handler { return http.TimeoutHandler(next, time.Hour, "late") }
	for name, use := range map[string][]func(http.Handler) http.Handler{
		"RequestID":                              {chimiddleware.RequestID},
		"ClientIP":                               {chimiddleware.ClientIPFromRemoteAddr},
		"Logger":                                 {chimiddleware.RequestLogger(&chimiddleware.DefaultLogFormatter{Logger: discard{}, NoColor: true})},
		"Recoverer":                              {chimiddleware.Recoverer},
		"Compress":                               {chimiddleware.Compress(5)},
		"Compress, after a Content-Type":         {chimiddleware.SetHeader("Content-Type", "application/json"), chimiddleware.Compress(5)},
		"Throttle":                               {chimiddleware.Throttle(1)},
		"Timeout":                                {chimiddleware.Timeout(time.Hour)},
		"NoCache":                                {chimiddleware.NoCache},
		"StripSlashes":                           {chimiddleware.StripSlashes},
		"http.TimeoutHandler with ExceptUpgrade": {middleware.ExceptUpgrade(timeout)},
		"Timeout with ExceptUpgrade":             {middleware.ExceptUpgrade(chimiddleware.Timeout(time.Hour))},
		"Compress with ExceptUpgrade":            {middleware.ExceptUpgrade(chimiddleware.Compress(5))},
		"all of chi's": {chimiddleware.RequestID, chimiddleware.ClientIPFromRemoteAddr, chimiddleware.RequestLogger(&chimiddleware.DefaultLogFormatter{Logger: discard{}, NoColor: true}),
			chimiddleware.Recoverer, chimiddleware.Compress(5), chimiddleware.Throttle(1), chimiddleware.Timeout(time.Hour), chimiddleware.NoCache, chimiddleware.StripSlashes},
	} {
		for _, deflate := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/deflate=%t", name, deflate), func(t *testing.T) {
				h := &wsecho.Handler{Compression: websocket.CompressionContextTakeover}
				r := chi.NewRouter()
				r.Use(use...)
				r.Handle("/ws", h)
				var returned atomic.Int32
				e := behind(t, h, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) { r.ServeHTTP(w, req); returned.Add(1) }))
				req := peer.Request{Target: "/ws", Lines: []string{"Accept-Encoding: gzip"}}
				if strings.Contains(name, "Strip") {
					req.Target = "/ws/"
				}
				if deflate {
					req = req.With("Sec-WebSocket-Extensions: " + peer.Offer)
				}
				for i := range int32(3) {
					await.Poll(t, "ServeHTTP has returned, and Throttle lets the next in", func() bool { return returned.Load() == i })
					p, answer, body := e.shake(t, req)
					if p == nil {
						t.Fatalf("%s %q", answer.Status, body)
					}
					p.Inflates = deflate
					if got := answer.Header.Get("Content-Encoding"); got != "" {
						t.Errorf("Content-Encoding: %s", got)
					}
					long := strings.Repeat("long ", 1000)
					p.Send(peer.Join(peer.Text("hello"), peer.Text(long), peer.Close(1000, "")))
					for _, want := range []string{"text:hello", "text:len 5000", "close:1000", "eof"} {
						if got := p.Next(); got != want {
							t.Errorf("the peer saw %q, want %q", got, want)
						}
					}
					p.Close()
				}
			})
		}
	}
}

type discard struct{}

func (discard) Print(...any) {}

// chi's Timeout ends the request's context, and would write a 504.
func TestOutlivesTimeout(t *testing.T) {
	ended := make(chan struct{})
	note := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			context.AfterFunc(r.Context(), func() { close(ended) })
			next.ServeHTTP(w, r)
		})
	}
	hold := make(chan struct{})
	h := &wsecho.Handler{OnOpen: func(_ *wsecho.Session, r *http.Request) error {
		<-hold // longer than the timeout, so that it does strike
		return r.Context().Err()
	}}
	r := chi.NewRouter()
	r.Use(chimiddleware.Timeout(time.Millisecond), note)
	r.Handle("/ws", h)
	p := behind(t, h, r).at(t, "/ws")
	await.Value(t, "the request's context ends", ended)
	close(hold)
	p.Send(peer.Join(peer.Text("alive"), peer.Close(1000, "")))
	for _, want := range []string{"text:alive", "close:1000", "eof"} {
		if got := p.Next(); got != want {
			t.Errorf("the peer saw %q, want %q", got, want)
		}
	}
}

package middleware_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/go-chi/chi/v5"
	chimiddleware "github.com/go-chi/chi/v5/middleware"

	"example.com/wsecho/middleware"
	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/wsechotest"
)

// closedWith dials h, which must upgrade, and returns how it closes.
func closedWith(t *testing.T, h http.Handler, opts *websocket.DialOptions) (*websocket.Conn, websocket.CloseError) {
	t.Helper()
	c := wsechotest.Dial(t, h, "/", opts)
	_, _, err := c.Read(t.Context())
	var ce websocket.CloseError
	if !errors.As(err, &ce) {
		t.Fatalf("read: %v", err)
	}
	return c, ce
}

// Each row is an answer to a handshake, and the close frame that a page sees.
func TestCloseRefused(t *testing.T) {
	long := strings.Repeat("é", 100)
	for name, row := range map[string]struct {
		answer http.HandlerFunc
		code   websocket.StatusCode
		reason string
	}{
		"http.Error":      {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "who are you?", http.StatusUnauthorized) }, 4401, "who are you?"},
		"no body":         {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, 4503, ""},
		"the last status": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(599) }, 4599, ""},
		"a line in pieces": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			for _, piece := range []string{"", "not ", "you\r", "\n", "nor you\n"} {
				io.WriteString(w, piece)
			}
		}, 4403, "not you"},
		"a line too long":                      {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "x"+long, http.StatusBadRequest) }, 4400, "x" + long[:122]},
		"a line too long, by half a character": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, long, http.StatusBadRequest) }, 4400, long[:122]},
		"a line too long, in pieces": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			for range 100 {
				io.WriteString(w, "two")
			}
		}, 4400, strings.Repeat("two", 41)},
		"a body of any size": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			for range 100 {
				if n, err := w.Write(bytes.Repeat([]byte("line\n"), 10_000)); n != 50_000 || err != nil {
					t.Errorf("Write: %d, %v", n, err)
				}
			}
		}, 4500, "line"},
		"no UTF-8": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "a\xffb", http.StatusBadRequest) }, 4400, "ab"},
		"compressed": {func(w http.ResponseWriter, r *http.Request) {
			r.Header.Set("Accept-Encoding", "gzip")
			chimiddleware.Compress(5)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/plain")
				w.WriteHeader(http.StatusBadRequest)
				io.WriteString(w, "hello\n")
			})).ServeHTTP(w, r)
		}, 4400, ""},
		"a first status counts": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			w.WriteHeader(http.StatusInternalServerError)
			io.WriteString(w, "not here")
		}, 4404, "not here"},
		"an informational one first": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			http.Error(w, "too early", http.StatusTooEarly)
		}, 4425, "too early"},
		"flushed": {func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "slow", http.StatusTooManyRequests)
			w.(http.Flusher).Flush()
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Errorf("Flush: %v", err)
			}
			if _, _, err := w.(http.Hijacker).Hijack(); err == nil {
				t.Error("Hijack after a refusal succeeds")
			}
		}, 4429, "slow"},
		"headers of every kind": {func(w http.ResponseWriter, _ *http.Request) {
			for _, name := range []string{"Connection", "Content-Length", "Transfer-Encoding", "Sec-Websocket-Protocol", "Sec-WebSocket-Extensions", "Sec-WebSocket-Accept", "Trailer", "Upgrade"} {
				w.Header()[name] = []string{"7"}
			}
			w.WriteHeader(http.StatusUnauthorized)
		}, 4401, ""},
		"a panic that is caught": {func(w http.ResponseWriter, r *http.Request) {
			recoverer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("oops") })).ServeHTTP(w, r)
		}, 4500, ""},
		"wsecho's refusal": {(&wsecho.Handler{Subprotocols: []string{"chat"}}).ServeHTTP, 4400, "no subprotocol in common; spoken here: chat"},
	} {
		t.Run(name, func(t *testing.T) {
			c, got := closedWith(t, middleware.CloseRefused(row.answer), nil)
			if got.Code != row.code || got.Reason != row.reason {
				t.Errorf("closed with %d %q, want %d %q", got.Code, got.Reason, row.code, row.reason)
			}
			if c.Subprotocol() != wsecho.DefaultSubprotocol {
				t.Errorf("subprotocol %q", c.Subprotocol())
			}
		})
	}
}

// recoverer answers a panic with 500.
func recoverer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if recover() != nil {
				w.WriteHeader(http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// The first subprotocol of those offered is selected, and none of none.
func TestCloseRefusedSubprotocol(t *testing.T) {
	h := middleware.CloseRefused(http.NotFoundHandler())
	for _, offered := range [][]string{nil, {"b", "a"}, {"MQTT"}} {
		c, _ := closedWith(t, h, &websocket.DialOptions{Subprotocols: offered})
		if want := append(offered, "")[0]; c.Subprotocol() != want {
			t.Errorf("of %q: %q", offered, c.Subprotocol())
		}
	}
}

// A page of another origin gets the code alone.
func TestCloseRefusedOrigin(t *testing.T) {
	h := middleware.CloseRefused(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "ann is banned", http.StatusForbidden) }))
	for origin, want := range map[string]string{
		"http://example.com":       "ann is banned",
		"https://EXAMPLE.com":      "ann is banned",
		"https://example.com:8443": "",
		"https://evil.example.com": "",
		"null":                     "",
		"":                         "",
		"http://%":                 "",
	} {
		_, got := closedWith(t, h, &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {origin}}})
		if got.Code != 4403 || got.Reason != want {
			t.Errorf("%q: %v, want %q", origin, got, want)
		}
	}
}

// An access log inside sees the status, one outside the 101; the header of the refusal is in the upgrade.
func TestCloseRefusedLogs(t *testing.T) {
	seen := make(chan string, 2)
	log := func(where string) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				ww := chimiddleware.NewWrapResponseWriter(w, r.ProtoMajor)
				next.ServeHTTP(ww, r)
				seen <- fmt.Sprint(where, " ", ww.Status())
			})
		}
	}
	rt := chi.NewRouter()
	rt.Use(log("outside"), middleware.CloseRefused, log("inside"))
	rt.Get("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Request-Id", "r7")
		w.Header().Set("Retry-After", "7")
		http.Error(w, "later", http.StatusServiceUnavailable)
	})
	srv := httptest.NewServer(rt)
	defer srv.Close()
	c, res, err := websocket.Dial(t.Context(), srv.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	if res.Header.Get("X-Request-Id") != "r7" || res.Header.Get("Content-Type") != "" || res.Header.Get("Content-Length") != "" {
		t.Errorf("%v", res.Header)
	}
	c.Read(t.Context())
	if a, b := <-seen, <-seen; a != "inside 503" || b != "outside 101" {
		t.Errorf("%s, %s", a, b)
	}
}

// A client that does not answer the close frame, or sends for ever, keeps the connection for 5 s.
func TestCloseRefusedTimeout(t *testing.T) {
	for name, do := range map[string]func(ctx context.Context, c *websocket.Conn){
		"silent": func(context.Context, *websocket.Conn) {},
		"long message": func(ctx context.Context, c *websocket.Conn) {
			c.Write(ctx, websocket.MessageText, make([]byte, 30_000))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				returned := make(chan struct{})
				h := middleware.CloseRefused(http.NotFoundHandler())
				c, link := wsechotest.DialLink(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					h.ServeHTTP(w, r)
					close(returned)
				}), "/", nil)
				begin := time.Now()
				link.Slow(10)
				do(t.Context(), c)
				<-returned
				if d := time.Since(begin); d > 5*time.Second {
					t.Errorf("returned after %v", d)
				}
			})
		})
	}
}

func TestCloseRefusedNil(t *testing.T) {
	defer func() {
		if got := recover(); got != "middleware.CloseRefused: the handler is nil" {
			t.Errorf("panic %v", got)
		}
	}()
	middleware.CloseRefused(nil)
}

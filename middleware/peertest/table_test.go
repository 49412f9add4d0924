package peertest

import (
	"bytes"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/coder/websocket"
	"github.com/go-chi/chi/v5"

	"example.com/wsecho/middleware"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// TestEcho is the whole table: every handler, on every kind of route, over every
// transport, behind all middleware of the package at once.
func TestEcho(t *testing.T) {
	hs := handlers(t)
	routes := map[string]func(rt chi.Router, path string, h http.Handler){
		"Get":    func(rt chi.Router, path string, h http.Handler) { rt.Get(path, h.ServeHTTP) },
		"Handle": func(rt chi.Router, path string, h http.Handler) { rt.Handle(path, h) },
	}
	for _, over := range transports {
		var proto atomic.Value
		rt := chi.NewRouter()
		rt.Use(func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				proto.Store(r.Method + " " + r.Proto)
				next.ServeHTTP(w, r)
			})
		})
		rt.Use(
			middleware.ExtendedConnect,
			middleware.BearerSubprotocol("bearer."),
			middleware.LimitPerClient(1000, nil),
		)
		for hName, h := range hs {
			for rName, route := range routes {
				route(rt, "/"+hName+"/"+rName, h)
			}
		}
		s := over.serve(t, rt, nil)
		hc := over.client(t, s)
		for hName := range hs {
			for rName := range routes {
				t.Run(fmt.Sprintf("%s/%s/%s", over.name, rName, hName), func(t *testing.T) {
					c := dial(t, s, hc, "/"+hName+"/"+rName, websocket.DialOptions{
						Subprotocols: []string{"bearer.t0ken", "another-protocol", "echo-protocol"},
					})
					if got := c.Subprotocol(); got != "echo-protocol" {
						t.Errorf("subprotocol %q", got)
					}
					for _, n := range []int{0, 1, 125, 126, 4095, 4096, 65535, 65536, 1 << 20} {
						roundTrip(t, c, bytes.Repeat([]byte{'x'}, n))
					}
					if err := c.Close(websocket.StatusNormalClosure, "done"); err != nil {
						t.Errorf("close: %v", err)
					}
					want := "GET HTTP/1.1"
					if over.http2 {
						want = "CONNECT HTTP/2.0"
					}
					if got := proto.Load(); got != want {
						t.Errorf("it came as %s, want %s", got, want)
					}
				})
			}
		}
		if over.http2 {
			if n := s.tcp.Load(); n != 1 {
				t.Errorf("%s: %d TCP connections, want 1", over.name, n)
			}
		}
	}
}

// TestDeflate negotiates permessage-deflate over HTTP/2.
func TestDeflate(t *testing.T) {
	s := overHTTP2.serve(t, middleware.ExtendedConnect(http.HandlerFunc(coderEcho)), nil)
	hc := overHTTP2.client(t, s)
	for _, mode := range []websocket.CompressionMode{websocket.CompressionContextTakeover, websocket.CompressionNoContextTakeover} {
		c, resp, err := websocket.Dial(await.Within(t), s.URL, &websocket.DialOptions{HTTPClient: hc, CompressionMode: mode})
		if err != nil {
			t.Fatal(err)
		}
		defer c.CloseNow()
		if resp.Header.Get("Sec-WebSocket-Extensions") == "" {
			t.Errorf("mode %d: not negotiated: %v", mode, resp.Header)
		}
		c.SetReadLimit(maxMessage)
		for range 3 {
			roundTrip(t, c, bytes.Repeat([]byte("compress me "), 1<<16))
		}
	}
}

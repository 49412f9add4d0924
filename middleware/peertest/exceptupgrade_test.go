package peertest

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/go-chi/chi/v5"
	chimiddleware "github.com/go-chi/chi/v5/middleware"

	"example.com/wsecho/middleware"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// coderReadsWithin is coderEcho with the request's context.
func coderReadsWithin(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"echo-protocol"}})
	if err != nil {
		return // Accept has answered
	}
	defer c.CloseNow()
	for {
		typ, p, err := c.Read(r.Context())
		if err != nil || c.Write(r.Context(), typ, p) != nil {
			return
		}
	}
}

// TestChiTimeout: it cuts the WebSockets of handlers that use the request's context as long as they last, and no
// others; ExceptUpgrade keeps it away from all.
func TestChiTimeout(t *testing.T) {
	hs := handlers(t)
	hs["coder with the request's context"] = http.HandlerFunc(coderReadsWithin)
	cut := map[string]bool{"coder with the request's context": true, "ReverseProxy": true}
	const limit = 5 * time.Second // time for a handshake on a busy machine
	for _, over := range []transport{overHTTP1, overHTTP2} {
		for name, h := range hs {
			for _, excepted := range []bool{false, true} {
				row := over.name + "/" + name
				mw := chimiddleware.Timeout(limit)
				if excepted {
					row, mw = row+"/ExceptUpgrade", middleware.ExceptUpgrade(mw)
				}
				t.Run(row, func(t *testing.T) {
					t.Parallel()
					struck := make(chan struct{})
					rt := chi.NewRouter()
					rt.Use(middleware.ExtendedConnect, mw, func(next http.Handler) http.Handler {
						return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
							if _, limited := r.Context().Deadline(); limited == excepted {
								t.Errorf("limited: %v", limited)
							}
							context.AfterFunc(r.Context(), func() { close(struck) })
							next.ServeHTTP(w, r)
						})
					})
					rt.Handle("/ws", h)
					s := over.serve(t, rt, nil)
					c := dial(t, s, over.client(t, s), "/ws", websocket.DialOptions{})
					if !excepted {
						<-struck // by the limit, or as the handler returned
					}
					if cut[name] && !excepted {
						if _, _, err := c.Read(await.Within(t)); err == nil || websocket.CloseStatus(err) != -1 {
							t.Errorf("it is not cut: %v", err)
						}
						return
					}
					roundTrip(t, c, []byte("alive"))
				})
			}
		}
	}
}

// TestChiCompress: with a Content-Type of another middleware coder cannot hijack through it, which gorilla and
// wsecho can; without, and in ExceptUpgrade, all can.
func TestChiCompress(t *testing.T) {
	typed := chimiddleware.SetHeader("Content-Type", "application/json")
	compress := chimiddleware.Compress(5)
	for _, over := range []transport{overHTTP1, overHTTP2} {
		for name, h := range handlers(t) {
			for row, mws := range map[string]chi.Middlewares{
				"alone": {compress}, "typed": {typed, compress}, "ExceptUpgrade": {typed, middleware.ExceptUpgrade(compress)},
			} {
				if name == "coder" && row == "typed" {
					continue // see below
				}
				t.Run(over.name+"/"+name+"/"+row, func(t *testing.T) {
					s := over.serve(t, middleware.ExtendedConnect(mws.Handler(h)), nil)
					c := dial(t, s, over.client(t, s), "/ws", acceptsGzip)
					roundTrip(t, c, []byte("alive"))
				})
			}
		}
		t.Run(over.name+"/coder fails", func(t *testing.T) {
			accepted := make(chan error, 1)
			h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, err := websocket.Accept(w, r, nil)
				accepted <- err
			})
			s := over.serve(t, middleware.ExtendedConnect(chi.Chain(typed, compress).Handler(h)), nil)
			o := acceptsGzip
			o.HTTPClient = over.client(t, s)
			if c, _, err := websocket.Dial(await.Within(t), s.URL, &o); err == nil { // over HTTP/1.1 the 101 has left
				defer c.CloseNow()
			}
			if await.Value(t, "accepted", accepted) == nil {
				t.Error("Accept has hijacked the connection")
			}
		})
	}
}

var acceptsGzip = websocket.DialOptions{HTTPHeader: http.Header{"Accept-Encoding": {"gzip"}}}

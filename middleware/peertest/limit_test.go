package peertest

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/coder/websocket"
	"github.com/go-chi/chi/v5"

	"example.com/wsecho/middleware"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// TestLimit: with every handler, over every transport, in every place, the limit holds
// and each end of a connection gives its place back.
func TestLimit(t *testing.T) {
	const limit = 2
	hs := handlers(t)
	for name, h := range hs {
		for _, over := range transports {
			for _, place := range []string{"before ExtendedConnect", "after ExtendedConnect"} {
				t.Run(fmt.Sprintf("%s/%s, %s", name, over.name, place), func(t *testing.T) {
					limited := middleware.LimitPerClient(limit, nil)
					rt := chi.NewRouter()
					if place == "before ExtendedConnect" {
						rt.Use(limited, middleware.ExtendedConnect)
					} else {
						rt.Use(middleware.ExtendedConnect, limited)
					}
					rt.Handle("/", h)
					s := over.serve(t, rt, nil)
					hc := over.client(t, s)
					ends := []func(c *websocket.Conn){
						func(c *websocket.Conn) { c.Close(websocket.StatusNormalClosure, "") },
						func(c *websocket.Conn) { c.CloseNow() },
						func(c *websocket.Conn) { c.Write(await.Within(t), websocket.MessageText, []byte("half")); c.CloseNow() },
					}
					for _, end := range ends {
						var open []*websocket.Conn
						for range limit {
							var c *websocket.Conn
							await.Poll(t, "there is a place", func() (ok bool) {
								var err error
								c, _, err = websocket.Dial(await.Within(t), s.URL, &websocket.DialOptions{HTTPClient: hc, Subprotocols: []string{"echo-protocol"}})
								return err == nil
							})
							roundTrip(t, c, []byte("hello"))
							open = append(open, c)
						}
						_, resp, err := websocket.Dial(await.Within(t), s.URL, &websocket.DialOptions{HTTPClient: hc})
						if err == nil || resp == nil || resp.StatusCode != http.StatusTooManyRequests {
							t.Fatalf("past the limit: %v, %v; want 429", resp, err)
						}
						for _, c := range open {
							end(c)
						}
					}
				})
			}
		}
	}
}

package hub_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/hub"
	"example.com/wsecho/wsecho/wsechotest"
)

// While messages come, clients come, go, and come back at either of two nodes: each has all from its first frame
// on, once and in order.
func TestJoinsInAStorm(t *testing.T) {
	log := hub.NewLocal(time.Minute)
	nodes := [2]*hub.Hub{{Log: log, MaxReplay: 1 << 20}, {Log: log, MaxReplay: 1 << 20}}
	for _, h := range nodes {
		defer h.Close()
	}
	services := [2]*wsecho.Handler{service(nodes[0], nil), service(nodes[1], nil)}
	stop := make(chan struct{})
	var publishing, reading sync.WaitGroup
	publishing.Go(func() {
		for n := 0; ; n++ {
			say(t, nodes[n%2], "a", fmt.Sprint(n))
			say(t, nodes[n%2], "b", "0")
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	for i := range 8 {
		reading.Go(func() {
			since, last := "", -1
			for round := range 6 {
				c, f := dial(t, services[(i+round)%2], since, "a")
				if f.Reset {
					t.Errorf("client %d, round %d: reset", i, round)
				}
				for range 40 {
					f := c.next()
					var n int
					fmt.Sscan(string(f.Data), &n)
					if f.Reset || last >= 0 && n != last+1 {
						t.Errorf("client %d, round %d: %+v after %d", i, round, f, last)
						return
					}
					last = n
				}
				since = c.at
				c.conn.CloseNow()
			}
		})
	}
	reading.Wait()
	close(stop)
	publishing.Wait()
}

// Close in the midst of everything: sessions are told to come back, and nothing stays behind.
func TestCloseInAStorm(t *testing.T) {
	for range 5 {
		h := &hub.Hub{}
		sv := service(h, func(m *hub.Member, _ *http.Request) {
			m.Appear("a", "u", nil)
			m.Watch("a")
		})
		sv.WriteLimit = 4 << 10
		stop := h.Listen("a", func(hub.Message) {})
		var all sync.WaitGroup
		for i := range 6 {
			all.Go(func() {
				c := wsechotest.Dial(t, sv, "/?topic=a", &websocket.DialOptions{})
				for i > 0 {
					_, _, err := c.Read(t.Context())
					if code := websocket.CloseStatus(err); err != nil && code != websocket.StatusGoingAway {
						t.Errorf("a session was ended with %v", err)
					}
					if err != nil {
						return
					}
				}
			})
		}
		all.Go(func() {
			for n := 0; h.Publish(t.Context(), hub.Message{Topic: "a", Data: json.RawMessage(fmt.Sprint(n))}) == nil; n++ {
			}
		})
		time.Sleep(10 * time.Millisecond)
		h.Close()
		all.Wait()
		stop()
		h.Close()
		// Nothing but no hangs any more.
		_, _, err := wsechotest.Dial(t, sv, "/?topic=a", &websocket.DialOptions{}).Read(t.Context())
		if websocket.CloseStatus(err) != websocket.StatusGoingAway {
			t.Errorf("after Close: %v", err)
		}
		h.Listen("a", func(hub.Message) {})()
		if h.Ready(context.Background()); h.Publish(t.Context(), hub.Message{Topic: "a"}) == nil {
			t.Error("published after Close")
		}
	}
}

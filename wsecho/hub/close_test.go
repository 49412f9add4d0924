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

	"example.com/wsecho/wsecho/hub"
	"example.com/wsecho/wsecho/wsechotest"
)

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

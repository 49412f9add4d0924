package hub_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/hub"
	"example.com/wsecho/wsecho/wsechotest"
)

// Frame is one of rooms.v1.
type Frame struct {
	At, Topic, ID, From string
	Data                json.RawMessage
	Reset               bool
	Here, Joined, Left  []hub.Presence
	Users               *int
}

// service lets clients into the topics that their URLs name: ?since=...&topic=a&topic=b. Member, if set, gets each.
func service(h *hub.Hub, member func(*hub.Member, *http.Request)) *wsecho.Handler {
	return &wsecho.Handler{
		Subprotocols: []string{""},
		PingInterval: -1, // a client that looks away for minutes of a bubble is not cut
		OnOpen: func(s *wsecho.Session, r *http.Request) error {
			q := r.URL.Query()
			m := h.Join(s, q.Get("since"), q["topic"]...)
			if member != nil {
				member(m, r)
			}
			return nil
		},
	}
}

// client is a peer that reads frames.
type client struct {
	testing.TB
	conn *websocket.Conn
	at   string // of the last frame with one
}

// dial joins topics, and has the first frame.
func dial(t testing.TB, h http.Handler, since string, topics ...string) (*client, Frame) {
	t.Helper()
	q := "?since=" + since
	if len(topics) > 0 {
		q += "&topic=" + strings.Join(topics, "&topic=")
	}
	c := &client{TB: t, conn: wsechotest.Dial(t, h, "/"+q, &websocket.DialOptions{})}
	return c, c.next()
}

// next returns the next frame.
func (c *client) next() (f Frame) {
	c.Helper()
	ctx, cancel := context.WithTimeout(c.Context(), time.Minute)
	defer cancel()
	_, p, err := c.conn.Read(ctx)
	if err != nil {
		c.Fatal(err)
	}
	if err := json.Unmarshal(p, &f); err != nil {
		c.Fatalf("%s: %v", p, err)
	}
	if f.At != "" {
		c.at = f.At
	}
	return f
}

// wants reads as many messages, and nothing else.
func (c *client) wants(data ...string) {
	c.Helper()
	for _, want := range data {
		if f := c.next(); string(f.Data) != want || f.Reset || f.At == "" {
			c.Fatalf("%+v, want %s", f, want)
		}
	}
}

// say publishes data in a topic, each by itself.
func say(t testing.TB, h *hub.Hub, topic string, data ...string) {
	t.Helper()
	for _, d := range data {
		if err := h.Publish(context.Background(), hub.Message{Topic: topic, Data: []byte(d)}); err != nil {
			t.Fatal(err)
		}
	}
}

package logtest

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/hub"
	"example.com/wsecho/wsecho/wsechotest"
)

// frame is one of rooms.v1.
type frame struct {
	At, Topic, ID, From string
	Data                json.RawMessage
	Reset               bool
}

// service lets clients into the topics that their URLs name.
func service(h *hub.Hub) *wsecho.Handler {
	return &wsecho.Handler{
		Subprotocols: []string{""},
		WriteLimit:   4 << 10, // so that to read slowly takes little
		OnOpen: func(s *wsecho.Session, r *http.Request) error {
			q := r.URL.Query()
			h.Join(s, q.Get("since"), q["topic"]...)
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

// dial joins topics at h, and returns the first frame too.
func dial(t testing.TB, h *hub.Hub, since string, topics ...string) (*client, frame) {
	t.Helper()
	q := url.Values{"since": {since}, "topic": topics}
	c := &client{TB: t, conn: wsechotest.Dial(t, service(h), "/?"+q.Encode(), &websocket.DialOptions{})}
	return c, c.next()
}

// next returns the next frame.
func (c *client) next() (f frame) {
	c.Helper()
	ctx, cancel := context.WithTimeout(c.Context(), patience)
	defer cancel()
	_, p, err := c.conn.Read(ctx)
	if err != nil {
		c.Errorf("reading: %v", err) // in whatever goroutine
		return frame{}
	}
	if err := json.Unmarshal(p, &f); err != nil {
		c.Errorf("%s: %v", p, err)
	}
	if f.At != "" {
		c.at = f.At
	}
	return f
}

// message returns the next frame that is a message; any other must be a heartbeat.
func (c *client) message() frame {
	c.Helper()
	for {
		f := c.next()
		if f.Reset {
			c.Errorf("reset at %s", f.At)
		}
		if f.Topic != "" || c.Failed() {
			return f
		}
	}
}

// reset returns the next frame that is a reset; any other must be a heartbeat.
func (c *client) reset() frame {
	c.Helper()
	for {
		f := c.next()
		if f.Topic != "" {
			c.Errorf("%+v before the reset", f)
		}
		if f.Reset || c.Failed() {
			return f
		}
	}
}

// publish publishes m at h.
func publish(t testing.TB, h *hub.Hub, m hub.Message) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := h.Publish(ctx, m); err != nil {
		t.Errorf("publishing in %s: %v", m.Topic, err)
	}
}

package hub_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/go-chi/chi/v5"

	"example.com/wsecho/middleware"
	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/hub"
	"example.com/wsecho/wsecho/wsechotest"
	"example.com/wsecho/wsecho/wsjson"
)

// What a service of rooms takes, whole: users on several devices, messages by type, limits, metrics, a drain, a test.

type chatService struct {
	hub  hub.Hub
	chat wsecho.Handler
}

type chatUser struct{ name, room string }

// request is what clients send.
type request struct {
	Type string          `json:"type"`
	ID   string          `json:"id"`
	Data json.RawMessage `json:"data"`
}

func newChatService(user func(*http.Request) string) *chatService {
	c := new(chatService)
	c.chat = wsecho.Handler{Subprotocols: []string{"chat.v1"}, MaxSessions: 10_000}
	c.chat.OnOpen = func(s *wsecho.Session, r *http.Request) error {
		u := chatUser{user(r), "room/" + chi.URLParam(r, "room")}
		s.Data, s.Log = u, s.Log.With("user", u.name)
		m := c.hub.Join(s, r.URL.Query().Get("since"), u.room, "user/"+u.name)
		m.Appear(u.room, u.name, nil)
		return nil
	}
	c.chat.OnMessage = wsjson.Func(func(ctx context.Context, s *wsecho.Session, m request) error {
		u := s.Data.(chatUser)
		switch m.Type {
		case "say":
			return c.publish(ctx, hub.Message{Topic: u.room, ID: m.ID, From: u.name, Data: m.Data})
		case "note": // to all devices of one's own
			return c.publish(ctx, hub.Message{Topic: "user/" + u.name, ID: m.ID, From: u.name, Data: m.Data})
		}
		return wsjson.Write(ctx, s, map[string]string{"error": "unknown type " + m.Type})
	})
	return c
}

func (c *chatService) publish(ctx context.Context, m hub.Message) error {
	err := c.hub.Publish(ctx, m)
	if errors.Is(err, hub.ErrUnavailable) { // the client sends it again, with its ID
		return websocket.CloseError{Code: websocket.StatusTryAgainLater, Reason: "not stored"}
	}
	return err
}

func (c *chatService) routes() http.Handler {
	r := chi.NewRouter()
	r.With(middleware.LimitPerClient(10, nil)).Handle("/rooms/{room}", &c.chat)
	r.Get("/metrics", func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(map[string]any{"chat": c.chat.Stats(), "hub": c.hub.Stats()})
	})
	return r
}

func (c *chatService) shutdown(ctx context.Context) error {
	return errors.Join(c.chat.Shutdown(ctx), c.hub.Close())
}

// TestChatService opens ann's two devices and ben's one, in a bubble: nothing waits.
func TestChatService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newChatService(func(r *http.Request) string { return r.Header.Get("X-User") })
		h := c.routes()
		device := func(user string) (conn *websocket.Conn) {
			conn = wsechotest.Dial(t, h, "/rooms/go", &websocket.DialOptions{Subprotocols: []string{"chat.v1"}, HTTPHeader: http.Header{"X-User": {user}}})
			wsechotest.ReadWithin(t, conn, time.Second) // where it is
			return conn
		}
		phone, laptop, ben := device("ann"), device("ann"), device("ben")
		phone.Write(t.Context(), websocket.MessageText, []byte(`{"type":"note","id":"1","data":"milk"}`))
		phone.Write(t.Context(), websocket.MessageText, []byte(`{"type":"say","id":"2","data":"hello"}`))
		for name, conn := range map[string]*websocket.Conn{"milk": laptop, "hello": ben} {
			var got struct{ Data string }
			if json.Unmarshal([]byte(wsechotest.ReadWithin(t, conn, time.Second)), &got); got.Data != name {
				t.Errorf("got %q, want %q", got.Data, name)
			}
		}
		if err := c.shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// It takes under 120 lines, with imports and this test. Without hub, wsjson and wsechotest it had taken 356.
func TestChatServiceIsShort(t *testing.T) {
	p, err := os.ReadFile("service_test.go")
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(p, []byte("\n")); n >= 120 {
		t.Errorf("%d lines", n)
	}
}

package wsecho_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
)

// A feed of which only the latest counts sends the next once the last has left.
func ExampleSession_Queued() {
	h := &wsecho.Handler{OnMessage: func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
		if s.Queued() > 0 {
			return nil // a newer one follows
		}
		return s.Write(ctx, typ, p)
	}}
	c := dial(h, "/")
	defer c.hangUp()
	c.say("21.5 °C")
	fmt.Println(c.hear())
	// Output: 21.5 °C
}

// How far away the peer is: known once it has answered a ping.
func ExampleSession_Latency() {
	h := &wsecho.Handler{PingInterval: 10 * time.Millisecond}
	h.OnOpen = func(s *wsecho.Session, _ *http.Request) error {
		s.Go(func(ctx context.Context) error {
			for s.Latency() == 0 && ctx.Err() == nil {
				time.Sleep(time.Millisecond)
			}
			near := s.Latency() < time.Minute
			return s.Write(ctx, websocket.MessageText, fmt.Append(nil, "near: ", near))
		})
		return nil
	}
	c := dial(h, "/")
	defer c.hangUp()
	fmt.Println(c.hear())
	// Output: near: true
}

// Strangers may send little, and more once they have said who they are.
func ExampleSession_SetReadLimit() {
	h := &wsecho.Handler{ReadLimit: 16}
	h.OnMessage = func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
		if string(p) == "token 123" {
			s.SetReadLimit(1 << 20)
		}
		return s.Write(ctx, typ, p)
	}
	c := dial(h, "/")
	defer c.hangUp()
	c.say("token 123")
	fmt.Println(c.hear())
	c.say("a message of more than 16 bytes")
	fmt.Println(c.hear())
	// Output:
	// token 123
	// a message of more than 16 bytes
}

// Each record of a session names its user, those of the service and those of the package alike.
func ExampleSession_log() {
	untimed := &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}
	h := &wsecho.Handler{Logger: slog.New(slog.NewTextHandler(os.Stdout, untimed))}
	h.OnOpen = func(s *wsecho.Session, r *http.Request) error {
		s.Log = s.Log.With("user", r.URL.Query().Get("user"))
		s.Log.InfoContext(s.Context(), "came")
		return nil
	}
	c := dial(h, "/?user=ann")
	c.hangUp()
	h.Shutdown(context.Background())
	// Output: level=INFO msg=came user=ann
}

// Why a session ended, as Stats counts it and as its peer was told.
func ExampleCause() {
	h := &wsecho.Handler{OnClose: func(_ context.Context, _ *wsecho.Session, err error) {
		fmt.Println(wsecho.Cause(err), websocket.CloseStatus(err))
	}}
	h.OnMessage = func(context.Context, *wsecho.Session, websocket.MessageType, []byte) error {
		return fmt.Errorf("the database is down")
	}
	c := dial(h, "/")
	c.say("hello")
	fmt.Println(c.hear())
	c.hangUp()
	h.Shutdown(context.Background())
	// Unordered output:
	// closed: StatusInternalError
	// error StatusInternalError
}

// What a page is told when the service goes: this one comes back at once.
func ExampleHandler_goodbye() {
	h := &wsecho.Handler{Goodbye: websocket.CloseError{Code: websocket.StatusServiceRestart, Reason: "a new version"}}
	c := dial(h, "/")
	defer c.hangUp()
	c.say("hello")
	fmt.Println(c.hear())
	go h.Shutdown(context.Background())
	fmt.Println(c.hear())
	// Output:
	// hello
	// closed: StatusServiceRestart a new version
}

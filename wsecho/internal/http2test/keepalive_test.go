package http2test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
)

// A quiet peer that answers its pings lives on, far longer than any timeout, the server's own too.
func TestPings(t *testing.T) {
	for _, over := range transports {
		t.Run(over.Name, func(t *testing.T) {
			t.Parallel()
			b := sessiontest.Start(t, over, &wsecho.Handler{PingInterval: 10 * time.Millisecond, PongTimeout: 5 * time.Second}, false)
			for n := range 550 { // more than PongTimeout
				if m := b.Peer.Next(); m != "ping:" {
					t.Fatalf("the peer saw %q after %d pings", m, n)
				}
			}
			b.Session.Close(1000, "")
			b.Check(t, sessiontest.End{Code: 1000, Label: "closed"})
		})
	}
}

// A mute peer is told 1011, in the middle of a stream that others share.
func TestMutePeerAmongOthers(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 2)
	h := &wsecho.Handler{
		Logger: new(sessiontest.Log).Logger(), PingInterval: 50 * time.Millisecond, PongTimeout: 5 * time.Second,
		OnClose: func(_ context.Context, _ *wsecho.Session, err error) { ended <- err },
	}
	s := serve(t, h, true)
	t.Cleanup(func() { h.Close() })
	mute, other := s.open(t), s.open(t)
	mute.Mute = true
	saw := make(chan []string, 1)
	go func() { saw <- mute.Rest() }()
	for len(ended) == 0 {
		talk(t, other, "alive")
	}
	if err := <-ended; !errors.Is(err, wsecho.ErrPongTimeout) {
		t.Errorf("OnClose: %v", err)
	}
	if all := <-saw; len(all) < 3 || all[len(all)-2] != "close:1011" || all[len(all)-1] != "eof" {
		t.Errorf("the mute peer saw %q", all)
	}
	talk(t, other, "alive")
}

// The stream cannot be asked whether bytes wait in it, so the verdict on a peer waits for the hook.
func TestLongHook(t *testing.T) {
	for _, over := range transports {
		for _, where := range []string{"OnOpen", "OnMessage"} {
			t.Run(over.Name+", "+where, func(t *testing.T) {
				t.Parallel()
				enough := make(chan struct{})
				h := &wsecho.Handler{PingInterval: 50 * time.Millisecond, PongTimeout: 3 * time.Second}
				if where == "OnOpen" {
					h.OnOpen = func(*wsecho.Session, *http.Request) error { <-enough; return nil }
				} else {
					h.OnMessage = func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
						<-enough
						return wsecho.Echo(ctx, s, typ, p)
					}
				}
				b := sessiontest.Start(t, over, h, false)
				b.Send(peer.Text("hello"))
				for n := range 130 { // twice PongTimeout, and more
					if m := b.Peer.Next(); m != "ping:" {
						t.Fatalf("the peer saw %q after %d pings", m, n)
					}
				}
				close(enough)
				for m := "ping:"; m != "text:hello"; m = b.Peer.Next() {
					if m != "ping:" {
						t.Fatalf("the peer saw %q", m)
					}
				}
			})
		}
	}
}

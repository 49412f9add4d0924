package wsecho_test

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/wsechotest"
	"example.com/wsecho/wsecho/wsechotest/await"
	"example.com/wsecho/wsecho/wsechotest/child"
	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// A hook keeps bytes from being read, and where the socket can be asked the bytes that wait in it are
// life: a hook that takes longer than PingInterval and PongTimeout costs a live peer nothing.
func TestLongHookAndLivePeer(t *testing.T) {
	leaktest.Slow(t)
	if !child.Alone(t) { // its peers must not starve for a timeout, beside so many others
		return
	}
	var peers sync.WaitGroup
	for _, where := range []string{"OnOpen", "OnMessage"} {
		for _, over := range []sessiontest.Transport{overTCP, overUnix} {
			enough := make(chan struct{})
			h := &wsecho.Handler{PingInterval: noStall / 25, PongTimeout: noStall}
			work := func(s *wsecho.Session) error {
				select {
				case <-enough:
					return nil
				case <-s.Context().Done():
					return context.Cause(s.Context())
				}
			}
			if where == "OnOpen" {
				h.OnOpen = func(s *wsecho.Session, _ *http.Request) error { return work(s) }
			} else {
				h.OnMessage = func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
					if err := work(s); err != nil {
						return err
					}
					return wsecho.Echo(ctx, s, typ, p)
				}
			}
			b := sessiontest.Start(t, over, h, false)
			b.Send(peer.Text("hello"))
			peers.Go(func() {
				const pings = 55 // in so many intervals there are more than two timeouts
				for n := 0; ; n++ {
					if n == pings {
						close(enough)
					}
					switch m := b.Peer.Next(); {
					case m == "ping:":
					case m == "text:hello" && n >= pings:
						return
					default:
						t.Errorf("%s over %s: the peer saw %q after %d pings", where, over.Name, m, n)
						return
					}
				}
			})
		}
	}
	peers.Wait()
}

// So is a pong that comes in one burst with a message: nothing is left unread by the time that the
// verdict on the ping is due, while the hook of that message runs.
func TestPongAndMessageInOneBurst(t *testing.T) {
	leaktest.Slow(t)
	t.Parallel()
	enough := make(chan struct{})
	b := start(t, &wsecho.Handler{PingInterval: noStall + 100*time.Millisecond, PongTimeout: noStall, OnMessage: onMessage(func(s *wsecho.Session) error {
		select {
		case <-enough:
		case <-s.Context().Done():
		}
		return s.TryWrite(text, []byte("done"))
	})})
	b.Peer.Mute = true
	if m := b.Peer.Next(); m != "ping:" {
		t.Fatalf("the peer saw %q", m)
	}
	b.Send(peer.Pong(""), peer.Text("m"))
	if m := b.Peer.Next(); m != "ping:" { // the next one: the verdict on the first is past
		t.Fatalf("the peer saw %q", m)
	}
	close(enough)
	if m := b.Peer.Next(); m != "text:done" {
		t.Errorf("the peer saw %q", m)
	}
}

// A dead peer ends the context of a hook at work in time, where the socket can be asked.
func TestLongHookAndDeadPeer(t *testing.T) {
	leaktest.Slow(t)
	t.Parallel()
	for _, where := range []string{"OnOpen", "OnMessage"} {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			told := make(chan error, 1)
			work := func(s *wsecho.Session) error {
				<-s.Context().Done()
				told <- context.Cause(s.Context())
				return nil
			}
			// The first ping leaves the peer time for its message.
			h := &wsecho.Handler{PingInterval: noStall, PongTimeout: 10 * time.Millisecond}
			if where == "OnOpen" {
				h.OnOpen = func(s *wsecho.Session, _ *http.Request) error { return work(s) }
			} else {
				h.OnMessage = onMessage(work)
			}
			b := start(t, h)
			b.Peer.Mute = true
			if where == "OnMessage" {
				b.Send(peer.Text("hello"))
			}
			if err := await.Value(t, "the hook's context ends", told); !errors.Is(err, wsecho.ErrPongTimeout) {
				t.Errorf("the hook's context: %v", err)
			}
			b.CheckPeer(t, sessiontest.End{Code: 1011, Label: "pong_timeout"})
			b.Peer.Close()
		})
	}
}

// Where the socket cannot be asked the verdict waits for the hook. It comes with the first ping after.
func TestLongHookInMemory(t *testing.T) {
	for name, c := range map[string]struct {
		answers bool
		want    []time.Duration // when the session ends
	}{
		"a live peer": {true, nil},
		"a dead peer": {false, seconds(85)}, // pinged at 75
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &wsecho.Handler{OnMessage: onMessage(func(s *wsecho.Session) error {
					select {
					case <-time.After(60 * time.Second):
					case <-s.Context().Done():
						t.Error("the context ended while the hook ran")
					}
					return nil
				})}
				ended := watch(h)
				conn := wsechotest.Dial(t, h, "/", &websocket.DialOptions{
					Subprotocols:   []string{wsecho.DefaultSubprotocol},
					OnPingReceived: func(context.Context, []byte) bool { return c.answers },
				})
				conn.Write(t.Context(), text, []byte("hello"))
				conn.CloseRead(t.Context())
				time.Sleep(time.Hour)
				var got []time.Duration
				if len(ended) > 0 {
					got = append(got, (<-ended).at)
				}
				if !reflect.DeepEqual(got, c.want) {
					t.Errorf("ended at %v, want %v", got, c.want)
				}
			})
		})
	}
}

// A peer that died with a message unread: the hook's context ends in time all the same.
func TestDeadPeerWithUnreadMessage(t *testing.T) {
	leaktest.Slow(t)
	t.Parallel()
	told := make(chan error, 1)
	h := &wsecho.Handler{PingInterval: noStall, PongTimeout: 10 * time.Millisecond,
		OnMessage: onMessage(func(s *wsecho.Session) error {
			select {
			case <-s.Context().Done():
				told <- context.Cause(s.Context())
			case <-time.After(await.Patience):
				told <- errors.New("the context did not end while the hook ran")
			}
			return nil
		})}
	b := start(t, h)
	b.Peer.Mute = true
	b.Send(peer.Join(peer.Text("one"), peer.Text("two"), peer.Frame{First: peer.OpBinary, Declared: 1 << 19}.Bytes(), make([]byte, 1<<15)))
	if err := await.Value(t, "the hook's context ends", told); !errors.Is(err, wsecho.ErrPongTimeout) {
		t.Errorf("the hook's context: %v", err)
	}
	b.Peer.Close()
}

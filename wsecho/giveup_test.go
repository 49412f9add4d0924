package wsecho_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"example.com/wsecho/middleware"
	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// broken are frames after which nobody knows where the next one begins.
var broken = map[string][]byte{
	"not masked":             peer.Frame{First: peer.Fin | peer.OpText, Unmasked: true}.Bytes(),
	"a reserved bit":         peer.Frame{First: peer.Fin | peer.RSV2 | peer.OpText}.Bytes(),
	"a reserved opcode":      peer.Frame{First: peer.Fin | 3}.Bytes(),
	"a length not shortest":  peer.Frame{First: peer.Fin | peer.OpText, Form: 64}.Bytes(),
	"a length of 64 bits":    peer.Frame{First: peer.Fin | peer.OpText, Declared: 1 << 63}.Bytes(),
	"a control frame in two": peer.Frame{First: peer.OpPing}.Bytes(),
	"a long control frame":   peer.Frame{First: peer.Fin | peer.OpPing, Declared: 126}.Bytes(),
}

// A peer that breaks the protocol is told, and not listened to: its close frame would not be known.
func TestViolationIsNotWaitedFor(t *testing.T) {
	for name, frame := range broken {
		t.Run(name, func(t *testing.T) {
			witnessed(t, func(*testing.T) *wsecho.Handler { return &wsecho.Handler{} }, func(w *witness) {
				w.sends(frame)
				w.sees("after the violation", "close:1002", "eof")
				w.gone()
			})
		})
	}
}

// Likewise if it does so after our close frame.
func TestViolationAfterOurClose(t *testing.T) {
	t.Parallel()
	for name, frame := range broken {
		t.Run(name, func(t *testing.T) {
			witnessed(t, func(*testing.T) *wsecho.Handler { return &wsecho.Handler{} }, func(w *witness) {
				w.Session.Close(4000, "")
				w.sees("at our close", "close:4000")
				w.sends(peer.Text("so far"), peer.Fragment(peer.OpText, "so good"))
				w.sees("before the violation")
				w.sends(frame)
				w.sees("after the violation", "eof")
				w.gone()
			})
		})
	}
}

// A peer that sends and sends, but no close frame, has CloseTimeout.
func TestFloodAfterOurClose(t *testing.T) {
	const closeTimeout = 5 * time.Second
	for name, c := range map[string]struct{ first, again []byte }{
		"messages":           {nil, peer.Text("more")},
		"fragments":          {peer.Fragment(peer.OpBinary, "a"), peer.Frame{Payload: make([]byte, 100_000)}.Bytes()},
		"a frame of a TB":    {peer.Frame{First: peer.Fin | peer.OpBinary, Declared: 1 << 40}.Bytes(), make([]byte, 100_000)},
		"pings":              {nil, peer.Ping("p")},
		"half a close frame": {peer.Close(1000, "")[:7], nil},
		"nothing":            {nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			h := func(*testing.T) *wsecho.Handler { return &wsecho.Handler{CloseTimeout: closeTimeout} }
			witnessed(t, h, func(w *witness) {
				begin := time.Now()
				w.Session.Close(4000, "")
				w.sees("at our close", "close:4000")
				if len(c.first) > 0 {
					w.sends(c.first)
				}
				for time.Since(begin) < closeTimeout-50*time.Millisecond {
					if len(c.again) > 0 {
						w.sends(c.again)
					}
					time.Sleep(49 * time.Millisecond)
				}
				w.sees("before CloseTimeout")
				time.Sleep(50 * time.Millisecond)
				w.sees("after CloseTimeout", "eof")
				if n := w.Handler.Stats().Open; n != 0 {
					t.Error("the session is still counted")
				}
			})
		})
	}
}

// A peer that has gone, in the middle of its close frame even, is not waited for.
func TestPeerGoesAfterOurClose(t *testing.T) {
	for name, last := range map[string][]byte{"without a word": nil, "in its close frame": peer.Close(1000, "")[:7], "in a message": peer.Text("m")[:3]} {
		t.Run(name, func(t *testing.T) {
			bubble(t, &wsecho.Handler{CloseTimeout: time.Hour, PingInterval: -1}, func(t *testing.T, b *sessiontest.Both) {
				b.Peer.Mute = true
				b.Session.Close(4000, "")
				if m := b.Peer.Next(); m != "close:4000" {
					t.Fatalf("the peer saw %q", m)
				}
				b.Peer.Send(last)
				b.Peer.CloseWrite()
				if d := untilGone(t, b); d > time.Second {
					t.Errorf("gone after %v", d)
				}
				if m := b.Peer.Next(); m != "eof" {
					t.Errorf("the peer saw %q", m)
				}
			})
		})
	}
}

// A peer that gave no sign of life is told, if its socket takes that, and then the session is over.
func TestSilentPeerIsNotWaitedFor(t *testing.T) {
	h := func(*testing.T) *wsecho.Handler {
		return &wsecho.Handler{PingInterval: time.Minute, PongTimeout: time.Second}
	}
	witnessed(t, h, func(w *witness) {
		time.Sleep(61 * time.Second)
		w.sees("after the verdict", "ping:", "close:1011", "eof")
		if len(w.Ended) == 0 {
			t.Error("OnClose has not run")
		}
		w.gone()
	})
}

// One that takes nothing either costs no time.
func TestSilentAndFullPeerIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		writeTimeout time.Duration
		end          sessiontest.End
	}{
		{-1, sessiontest.End{Code: 1011, Label: "pong_timeout"}}, {2 * time.Second, sessiontest.End{Label: "write_timeout"}},
	} {
		t.Run(c.end.Label, func(t *testing.T) {
			h := &wsecho.Handler{PingInterval: time.Minute, PongTimeout: time.Second, WriteTimeout: c.writeTimeout, CloseTimeout: time.Hour}
			bubble(t, h, func(t *testing.T, b *sessiontest.Both) {
				b.Session.TryWrite(text, make([]byte, 100_000))
				if d := untilGone(t, b); d > 62*time.Second {
					t.Errorf("gone after %v", d)
				}
				b.CheckHooks(t, c.end)
			})
		})
	}
}

// A phone that has changed networks finds its place free once its old connection has been given up.
func TestSilentPeerGivesUpItsPlace(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 100)
	h := &wsecho.Handler{PingInterval: 200 * time.Millisecond, PongTimeout: 20 * time.Millisecond, CloseTimeout: time.Hour,
		OnClose: func(_ context.Context, _ *wsecho.Session, err error) { ended <- err }}
	e := serve(t, h, middleware.LimitPerClient(1, nil))
	e.open(t) // and answers nothing
	if err := await.Value(t, "OnClose", ended); !errors.Is(err, wsecho.ErrPongTimeout) {
		t.Errorf("OnClose: %v", err)
	}
	await.Poll(t, "its place is free", func() bool {
		p, answer, _ := e.shake(t, peer.Request{})
		if p == nil && answer.StatusCode != http.StatusTooManyRequests {
			t.Fatalf("handshake: %s", answer.Status)
		}
		return p != nil
	})
}

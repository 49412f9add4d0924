package wsecho_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// Once the session is ending both return an error that matches net.ErrClosed.
func TestWritesAfterTheEndFail(t *testing.T) {
	t.Parallel()
	h := &wsecho.Handler{OnMessage: onMessage(func(s *wsecho.Session) error {
		s.Close(4000, "")
		for range 10 {
			if err := s.Write(s.Context(), text, []byte("w")); !errors.Is(err, net.ErrClosed) {
				t.Errorf("Write in the hook: %v", err)
			}
			if err := s.TryWrite(text, nil); !errors.Is(err, net.ErrClosed) {
				t.Errorf("TryWrite in the hook: %v", err)
			}
		}
		return nil
	})}
	h.OnClose = func(ctx context.Context, s *wsecho.Session, _ error) {
		if err := s.Write(ctx, text, nil); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Write in OnClose: %v", err)
		}
	}
	b := start(t, h)
	b.Send(peer.Text("m"))
	b.Check(t, sessiontest.End{Code: 4000, Label: "closed"})
	if err := b.Session.TryWrite(text, nil); !errors.Is(err, net.ErrClosed) {
		t.Errorf("TryWrite after the end: %v", err)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if err := b.Session.Write(ended, text, nil); !errors.Is(err, net.ErrClosed) && !errors.Is(err, context.Canceled) {
		t.Errorf("Write after the end: %v", err)
	}
}

// Messages leave whole, and in order for one caller.
func TestMessagesLeaveWholeAndInOrder(t *testing.T) {
	t.Parallel()
	for _, deflate := range []bool{false, true} {
		b := sessiontest.Start(t, overTCP, &wsecho.Handler{WriteLimit: 100_000}, deflate)
		const callers, messages = 6, 60
		for c := range callers {
			go func() {
				for i := range messages {
					p := bytes.Repeat(fmt.Appendf(nil, "%d %d;", c, i), 1+rand.IntN(3000))
					for b.Session.TryWrite(text, p) != nil {
						if err := b.Session.Write(context.Background(), text, p); err == nil {
							break
						}
					}
				}
			}()
		}
		var next [callers]int
		for range callers * messages {
			m, err := b.Peer.Read()
			if err != nil {
				t.Fatal(err)
			}
			one, _, _ := strings.Cut(string(m.Payload), ";")
			var c, i int
			fmt.Sscanf(one, "%d %d", &c, &i)
			if strings.Trim(strings.ReplaceAll(string(m.Payload), one+";", ""), " ") != "" {
				t.Fatalf("not whole: %.100q", m.Payload)
			}
			if i != next[c] {
				t.Fatalf("caller %d: message %d, want %d", c, i, next[c])
			}
			next[c]++
		}
	}
}

// P is the hook's to read and change until it returns.
func TestMessageIsTheHooksUntilItReturns(t *testing.T) {
	leaktest.Beside(t)
	for _, deflate := range []bool{false, true} {
		more := make(chan struct{}, 1)
		h := &wsecho.Handler{OnMessage: func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
			was := bytes.Clone(p)
			select {
			case <-more: // the next messages are on their way
			case <-ctx.Done():
				return nil
			}
			if !bytes.Equal(p, was) {
				t.Error("p changed under the hook")
			}
			clear(p)
			_ = append(p, "past its end"...)
			return s.Write(ctx, typ, was)
		}}
		b := sessiontest.Start(t, overTCP, h, deflate)
		var want []string
		for i := range 200 {
			m := strings.Repeat(fmt.Sprintf("%d ", i), 1+rand.IntN(60))
			b.Send(b.Text(m))
			want = append(want, m)
		}
		for i := range want {
			more <- struct{}{}
			if m, err := b.Peer.Read(); err != nil || string(m.Payload) != want[i] {
				t.Fatalf("the peer saw %q %v, want %q", m.Payload, err, want[i])
			}
		}
	}
}

// Write and TryWrite have copied theirs when they return.
func TestWritesHaveCopiedWhenTheyReturn(t *testing.T) {
	for _, deflate := range []bool{false, true} {
		h := &wsecho.Handler{OnMessage: func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, _ []byte) error {
			for i := range 200 {
				p := make([]byte, 0, 2000)
				p = append(p, strings.Repeat(fmt.Sprintf("%03d", i), 1+i)...)
				var err error
				if i%2 == 0 {
					err = s.Write(ctx, typ, p)
				} else {
					err = s.TryWrite(typ, p)
				}
				if err != nil {
					return err
				}
				clear(p)
			}
			return nil
		}}
		b := sessiontest.Start(t, overTCP, h, deflate)
		b.Send(peer.Text("go"))
		for i := range 200 {
			if m, err := b.Peer.Read(); err != nil || string(m.Payload) != strings.Repeat(fmt.Sprintf("%03d", i), 1+i) {
				t.Fatalf("message %d: %.40q %v", i, m.Payload, err)
			}
		}
	}
}

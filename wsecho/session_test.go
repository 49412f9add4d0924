package wsecho_test

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/wsechotest/await"
	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

func TestCloseSendsTheCodeAndTheReason(t *testing.T) {
	leaktest.Beside(t)
	for _, c := range []struct{ reason, want string }{
		{"short", "short"},
		{strings.Repeat("r", 123), strings.Repeat("r", 123)},
		{strings.Repeat("r", 124), strings.Repeat("r", 123)},
		{strings.Repeat("é", 100), strings.Repeat("é", 61)},
		{strings.Repeat("€", 100), strings.Repeat("€", 41)},
		{strings.Repeat("😀", 100), strings.Repeat("😀", 30)},
		{"x" + strings.Repeat("😀", 100), "x" + strings.Repeat("😀", 30)},
	} {
		t.Run(fmt.Sprintf("a reason is cut to 123 bytes of valid UTF-8: %.8s %d", c.reason, len(c.reason)), func(t *testing.T) {
			b := start(t, &wsecho.Handler{})
			b.Session.Close(4000, c.reason)
			b.Check(t, sessiontest.End{Code: 4000, Reason: c.want, Label: "closed"})
		})
	}
	for _, c := range []struct{ reason, kept string }{
		{"bad\xff", "bad"}, {"\xff\xfe", ""}, {"cut \xe2\x82", "cut "}, {strings.Repeat("r", 122) + "€", strings.Repeat("r", 122)},
	} {
		t.Run(fmt.Sprintf("a reason is cut to 123 bytes of valid UTF-8: %.8q %d", c.reason, len(c.reason)), func(t *testing.T) {
			b := start(t, &wsecho.Handler{})
			b.Session.Close(4000, c.reason)
			m, err := b.Peer.Read() // fails if the payload is no UTF-8
			if err != nil || m.Op != peer.OpClose || len(m.Payload) > 125 || !utf8.Valid(m.Payload[2:]) {
				t.Fatalf("the peer saw %q %v", m, err)
			}
			if !strings.HasPrefix(string(m.Payload[2:]), c.kept) {
				t.Errorf("the peer saw %q, want %q first", m.Payload[2:], c.kept)
			}
		})
	}
	for _, code := range []websocket.StatusCode{-1, 0, 1, 999, 1004, 1006, 1015, 1016, 2000, 2999, 5000, 65535, 65536 + 1000, 1 << 30} {
		t.Run(fmt.Sprintf("a code that may not be sent becomes 1011 and is logged: %d", code), func(t *testing.T) {
			b := start(t, &wsecho.Handler{})
			b.Session.Close(code, "")
			b.Check(t, sessiontest.End{Code: 1011, Label: "closed", Err: func(err error) bool { return websocket.CloseStatus(err) == 1011 }})
			if !b.Log.Has(fmt.Sprint(int(code))) {
				t.Errorf("not logged:\n%s", b.Log)
			}
		})
		t.Run(fmt.Sprintf("so does one in a hook's CloseError: %d", code), func(t *testing.T) {
			b := start(t, &wsecho.Handler{OnMessage: onMessage(func(s *wsecho.Session) error { return websocket.CloseError{Code: code} })})
			b.Send(peer.Text("m"))
			b.CheckPeer(t, sessiontest.End{Code: 1011})
		})
	}
	for _, code := range []int{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999} {
		t.Run(fmt.Sprintf("that code: %d", code), func(t *testing.T) {
			b := start(t, &wsecho.Handler{})
			b.Session.Close(websocket.StatusCode(code), "r")
			b.Check(t, sessiontest.End{Code: code, Reason: "r", Label: "closed", Err: func(err error) bool {
				return websocket.CloseStatus(err) == websocket.StatusCode(code)
			}})
		})
	}
	t.Run("1005 sends a close frame without a body", func(t *testing.T) {
		b := start(t, &wsecho.Handler{})
		b.Session.Close(1005, "ignored")
		b.Check(t, sessiontest.End{Code: 1005, Label: "closed", Err: func(err error) bool { return websocket.CloseStatus(err) == 1005 }})
	})
	t.Run("later calls do nothing", func(t *testing.T) {
		for range 30 {
			b := start(t, &wsecho.Handler{})
			var wg sync.WaitGroup
			for i := range 8 {
				wg.Go(func() { b.Session.Close(websocket.StatusCode(4000+i), "") })
				wg.Go(func() { b.Session.TryWrite(text, []byte("w")) })
			}
			wg.Wait()
			var closing string
			for _, m := range b.Peer.Rest() {
				switch {
				case strings.HasPrefix(m, "close:4") && closing == "":
					closing = m
				case m == "text:w" && closing == "", m == "eof" && closing != "":
				default:
					t.Errorf("the peer saw %q after the close frame %q", m, closing)
				}
			}
			b.Peer.Close()
			if err := await.Value(t, "OnClose", b.Ended); fmt.Sprintf("close:%d", websocket.CloseStatus(err)) != closing {
				t.Errorf("OnClose got %v, the peer %s", err, closing)
			}
			b.Session.Close(4000, "after the end")
		}
	})
	gone := func(t *testing.T, b *sessiontest.Both) time.Duration { // until nothing can be sent any more
		for begin := time.Now(); ; time.Sleep(100 * time.Millisecond) {
			if b.Peer.Send([]byte{0}) != nil {
				return time.Since(begin)
			}
		}
	}
	for name, h := range map[string]*wsecho.Handler{
		"by default": {},
		"as set":     {CloseTimeout: time.Minute, WriteTimeout: -1}, // the peer does not take the close frame either
		"while a hook runs": {OnMessage: onMessage(func(s *wsecho.Session) error {
			<-s.Context().Done()
			time.Sleep(time.Hour)
			return nil
		})},
		"though much is queued": {WriteTimeout: -1, OnMessage: onMessage(func(s *wsecho.Session) error {
			return s.Write(s.Context(), text, make([]byte, 1<<20))
		})},
	} {
		t.Run("the connection is gone at most CloseTimeout after the close began: "+name, func(t *testing.T) {
			bubble(t, h, func(t *testing.T, b *sessiontest.Both) {
				b.Peer.Mute = true
				want := 5 * time.Second
				if h.CloseTimeout > 0 {
					want = h.CloseTimeout
				}
				b.Send(peer.Text("m"))
				synctest.Wait()
				b.Session.Close(4000, "")
				if d := gone(t, b); d > want+200*time.Millisecond || d < want-200*time.Millisecond {
					t.Errorf("gone after %v, want %v", d, want)
				}
				b.Peer.Close()
				for b.Handler.Stats().Open > 0 { // the hook that sleeps
					time.Sleep(time.Minute)
				}
			})
		})
	}
	// What was written before the close: all of it is read long after OnClose, while the timer ticks.
	written := func(t *testing.T, b *sessiontest.Both) {
		if err := b.Session.TryWrite(websocket.MessageBinary, make([]byte, 8<<20)); err != nil {
			t.Fatal(err)
		}
		b.Session.Close(4000, "bye")
		await.Value(t, "OnClose", b.Ended)
	}
	all := sessiontest.End{Frames: []string{"binary:len 8388608"}, Code: 4000, Reason: "bye"}
	t.Run("CloseTimeout negative: the peer is not waited for", func(t *testing.T) {
		bubble(t, &wsecho.Handler{CloseTimeout: -1}, func(t *testing.T, b *sessiontest.Both) {
			b.Peer.Mute = true
			b.Session.Close(4000, "")
			b.CheckPeer(t, sessiontest.End{Code: 4000})
			if d := gone(t, b); d > 200*time.Millisecond {
				t.Errorf("gone after %v", d)
			}
			await.Value(t, "OnClose", b.Ended)
		})
	})
	t.Run("CloseTimeout as long as can be: what was written before is sent", func(t *testing.T) {
		b := start(t, &wsecho.Handler{CloseTimeout: math.MaxInt64, WriteLimit: -1})
		written(t, b)
		b.CheckPeer(t, all)
	})
	t.Run("CloseTimeout and WriteTimeout negative: a peer that reads nothing ends it no later", func(t *testing.T) {
		bubble(t, &wsecho.Handler{CloseTimeout: -1, WriteTimeout: -1, WriteLimit: -1}, func(t *testing.T, b *sessiontest.Both) {
			b.Session.TryWrite(websocket.MessageBinary, make([]byte, 8<<20))
			b.Session.Close(4000, "")
			if d := gone(t, b); d > 5200*time.Millisecond {
				t.Errorf("gone after %v", d)
			}
		})
	})
	t.Run("CloseTimeout negative: what was written before is sent", func(t *testing.T) {
		b := start(t, &wsecho.Handler{CloseTimeout: -1, WriteLimit: -1, PingInterval: time.Millisecond})
		written(t, b)
		b.CheckPeer(t, all)
	})
	t.Run("CloseTimeout negative: what was written before is sent, to a peer that takes its time", func(t *testing.T) {
		bubble(t, &wsecho.Handler{CloseTimeout: -1, WriteLimit: -1, PingInterval: time.Second}, func(t *testing.T, b *sessiontest.Both) {
			written(t, b)
			time.Sleep(9 * time.Second) // within WriteTimeout
			b.CheckPeer(t, all)
		})
	})
}

// Nil ends nothing.
func TestGoThatReturnsNilEndsNothing(t *testing.T) {
	done := make(chan struct{})
	b := start(t, &wsecho.Handler{OnOpen: func(s *wsecho.Session, _ *http.Request) error {
		s.Go(func(context.Context) error {
			s.Go(func(context.Context) error { close(done); return nil }) // in functions that it started
			return nil
		})
		return nil
	}})
	await.Value(t, "the inner function", done)
	b.Send(peer.Text("alive"), peer.Close(1000, ""))
	b.Check(t, sessiontest.End{Frames: []string{"text:alive"}, Code: 1000, Reason: "*", Label: "peer"})
}

// In a goroutine of its own.
func TestGoRunsInAGoroutineOfItsOwn(t *testing.T) {
	meet := make(chan string)
	b := start(t, &wsecho.Handler{OnMessage: onMessage(func(s *wsecho.Session) error {
		s.Go(func(context.Context) error { meet <- "met"; return nil })
		return s.TryWrite(text, []byte(<-meet))
	})})
	b.Send(peer.Text("m"))
	if got := b.Peer.Next(); got != "text:met" {
		t.Errorf("the peer saw %q", got)
	}
}

// After the end it does nothing.
func TestGoAfterTheEndDoesNothing(t *testing.T) {
	var s0 *wsecho.Session
	no := func(context.Context) error { t.Error("it ran"); return nil }
	b := start(t, &wsecho.Handler{
		OnOpen: func(s *wsecho.Session, _ *http.Request) error {
			s.Go(func(ctx context.Context) error { <-ctx.Done(); s.Go(no); return nil })
			return nil
		},
		OnClose: func(_ context.Context, s *wsecho.Session, _ error) { s.Go(no); s0 = s },
	})
	b.Session.Close(4000, "")
	b.Session.Go(no)
	b.Check(t, sessiontest.End{Code: 4000, Label: "closed"})
	s0.Go(no)
}

// Runtime.Goexit in it.
func TestGoexitInGo(t *testing.T) {
	b := start(t, &wsecho.Handler{OnOpen: func(s *wsecho.Session, _ *http.Request) error {
		s.Go(func(context.Context) error { runtime.Goexit(); return nil })
		return nil
	}})
	b.Send(peer.Close(1000, ""))
	await.Value(t, "OnClose", b.Ended)
	b.Peer.Close()
	b.Gone(t)
}

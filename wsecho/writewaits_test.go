package wsecho_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
)

// Write may wait, the others never.
func TestOnlyWriteWaits(t *testing.T) {
	t.Parallel()
	h := &wsecho.Handler{WriteTimeout: -1, PingInterval: -1, WriteLimit: 1000}
	bubble(t, h, func(t *testing.T, b *sessiontest.Both) {
		begin, full := time.Now(), 0
		for range 1000 {
			if err := b.Session.TryWrite(text, make([]byte, 100)); errors.Is(err, wsecho.ErrWriteLimit) {
				full++
			} else if err != nil {
				t.Fatal(err)
			}
		}
		b.Session.Go(func(context.Context) error { return nil })
		b.Session.Close(4000, "")
		if full < 900 || time.Since(begin) != 0 {
			t.Errorf("%d found no room, in %v", full, time.Since(begin))
		}
		for n := 0; ; n++ {
			switch m := b.Peer.Next(); {
			case strings.HasPrefix(m, "text:") && n < 1000-full:
				continue
			case m != "close:4000" || n != 1000-full:
				t.Errorf("message %d of the %d that were queued is %q", n, 1000-full, m)
			}
			break
		}
	})
}

// There is room when the message fits in WriteLimit beside what waits, or when nothing waits.
func TestRoomIsWhatWriteLimitLeaves(t *testing.T) {
	t.Parallel()
	bubble(t, &wsecho.Handler{WriteTimeout: -1, PingInterval: -1, WriteLimit: 1000}, func(t *testing.T, b *sessiontest.Both) {
		try := func(n int, want error) {
			t.Helper()
			if err := b.Session.TryWrite(websocket.MessageBinary, make([]byte, n)); !errors.Is(err, want) {
				t.Errorf("TryWrite of %d: %v, want %v", n, err, want)
			}
			synctest.Wait() // the flusher holds what it can, and still it waits
		}
		read := func(want string) {
			t.Helper()
			if got := b.Peer.Next(); got != want {
				t.Errorf("the peer saw %q, want %q", got, want)
			}
			synctest.Wait()
		}
		try(500, nil)
		try(400, nil)
		try(200, wsecho.ErrWriteLimit)
		try(50, nil)
		if q := b.Handler.Stats().Queued; q < 950 || q > 1000 {
			t.Errorf("Stats().Queued is %d", q)
		}
		read("binary:len 500")
		read("binary:len 400")
		read("binary:" + strings.Repeat("\x00", 50))
		if q := b.Handler.Stats().Queued; q != 0 {
			t.Errorf("Stats().Queued is %d", q)
		}
		try(50000, nil) // nothing waits
		try(1, wsecho.ErrWriteLimit)
		read("binary:len 50000")
		try(900, nil)
		read("binary:len 900")
	})
}

// WriteLimit negative is no limit.
func TestWriteLimitNegative(t *testing.T) {
	t.Parallel()
	bubble(t, &wsecho.Handler{WriteTimeout: -1, PingInterval: -1, WriteLimit: -1}, func(t *testing.T, b *sessiontest.Both) {
		for range 100 {
			if err := b.Session.TryWrite(text, make([]byte, 100_000)); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// If Write's ctx ends first nothing of the message is sent and the session goes on.
func TestWriteWhoseContextEndsSendsNothing(t *testing.T) {
	t.Parallel()
	bubble(t, &wsecho.Handler{WriteTimeout: -1, PingInterval: -1, WriteLimit: 1000}, func(t *testing.T, b *sessiontest.Both) {
		if err := b.Session.TryWrite(text, make([]byte, 900)); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := b.Session.Write(ctx, text, []byte(strings.Repeat("never", 100))); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Write returned %v", err)
		}
		if err := b.Session.TryWrite(text, []byte("next")); err != nil {
			t.Error(err)
		}
		for _, want := range []string{"text:len 900", "text:next"} {
			if got := b.Peer.Next(); got != want {
				t.Errorf("the peer saw %q, want %q", got, want)
			}
		}
		b.Send(peer.Text("alive"), peer.Close(1000, ""))
		b.Check(t, sessiontest.End{Frames: []string{"text:alive"}, Code: 1000, Reason: "*", Label: "peer"})
	})
}

// A Write that waits with s.Context() returns net.ErrClosed at the end.
func TestWriteThatWaitsIsFreedByTheEnd(t *testing.T) {
	t.Parallel()
	bubble(t, &wsecho.Handler{WriteTimeout: -1, PingInterval: -1, WriteLimit: 1000}, func(t *testing.T, b *sessiontest.Both) {
		b.Session.TryWrite(text, make([]byte, 900))
		errs := make(chan error)
		for range 50 {
			go func() { errs <- b.Session.Write(b.Session.Context(), text, make([]byte, 500)) }()
		}
		synctest.Wait()
		b.Session.Close(4000, "")
		for range 50 {
			if err := <-errs; !errors.Is(err, net.ErrClosed) {
				t.Errorf("Write returned %v", err)
			}
		}
		b.Check(t, sessiontest.End{Frames: []string{"text:len 900"}, Code: 4000, Label: "closed"})
	})
}

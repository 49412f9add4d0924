package wsecho_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/wsechotest/await"
	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// From any goroutine, in hooks and outside, and never deadlock.
func TestWritesNeverDeadlock(t *testing.T) {
	leaktest.Slow(t)
	t.Parallel()
	h := &wsecho.Handler{WriteLimit: 1000}
	use := func(s *wsecho.Session) {
		for i := range 50 {
			s.TryWrite(text, []byte("try"))
			s.Write(s.Context(), text, []byte("write"))
			s.Go(func(ctx context.Context) error { s.TryWrite(text, []byte("go")); return nil })
			if i == 49 && rand.IntN(10) == 0 {
				s.Close(4000, "")
			}
		}
	}
	h.OnOpen = func(s *wsecho.Session, _ *http.Request) error { use(s); return nil }
	h.OnMessage = onMessage(func(s *wsecho.Session) error { use(s); return nil })
	h.OnClose = func(_ context.Context, s *wsecho.Session, _ error) { use(s) }
	e := serve(t, h)
	var wg sync.WaitGroup
	for range 10 {
		p := e.open(t)
		wg.Go(func() {
			go p.Send(bytes.Repeat(peer.Text("m"), 5))
			for n := 0; n < 200 && strings.HasPrefix(p.Next(), "text:"); n++ {
			}
			p.Close()
		})
	}
	for s := range h.Sessions() {
		wg.Go(func() { use(s); s.Close(4000, "") })
	}
	wg.Wait()
	if err := h.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

// Safe under a lock that OnClose takes.
func TestWritesUnderALockOfOnClose(t *testing.T) {
	t.Parallel()
	var room sync.Mutex
	members := map[*wsecho.Session]bool{}
	h := &wsecho.Handler{
		WriteLimit: 1000,
		OnOpen: func(s *wsecho.Session, _ *http.Request) error {
			room.Lock()
			defer room.Unlock()
			members[s] = true
			return nil
		},
		OnMessage: onMessage(func(s *wsecho.Session) error {
			room.Lock()
			defer room.Unlock()
			for m := range members {
				m.TryWrite(text, []byte("m"))
				m.Go(func(context.Context) error { room.Lock(); defer room.Unlock(); return nil })
			}
			if rand.IntN(3) == 0 {
				s.Close(4000, "")
				return s.Write(s.Context(), text, []byte("late"))
			}
			return s.Write(s.Context(), text, make([]byte, 100))
		}),
		OnClose: func(_ context.Context, s *wsecho.Session, _ error) {
			room.Lock()
			defer room.Unlock()
			delete(members, s)
		},
	}
	e := serve(t, h)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			p := e.open(t)
			go p.Send(bytes.Repeat(peer.Text("m"), 10))
			for n := 0; n < 20; n++ {
				if m := p.Next(); !strings.HasPrefix(m, "text:") {
					break
				}
			}
			p.Close()
		})
	}
	wg.Wait()
	if err := h.Shutdown(t.Context()); err != nil || len(members) != 0 {
		t.Error(err, len(members))
	}
}

// Write waits under a lock that OnClose takes, and the session's end frees it.
func TestWriteThatWaitsUnderALockOfOnClose(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	h := &wsecho.Handler{WriteTimeout: -1, PingInterval: -1, WriteLimit: 1000, CloseTimeout: time.Minute,
		OnClose: func(context.Context, *wsecho.Session, error) { mu.Lock(); defer mu.Unlock() }}
	bubble(t, h, func(t *testing.T, b *sessiontest.Both) {
		wrote := make(chan error, 1)
		go func() {
			mu.Lock()
			defer mu.Unlock()
			for {
				if err := b.Session.Write(context.Background(), text, make([]byte, 600)); err != nil {
					wrote <- err
					return
				}
			}
		}()
		synctest.Wait()
		b.Session.Close(4000, "")
		if err := <-wrote; !errors.Is(err, net.ErrClosed) {
			t.Errorf("Write returned %v", err)
		}
		b.Peer.Close()
		await.Value(t, "OnClose", b.Ended)
	})
}

package wsecho_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/internal/await"
	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
)

func TestWriteRule(t *testing.T) {
	t.Parallel()
	t.Run("from any goroutine, in hooks and outside, and never deadlock", func(t *testing.T) {
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
	})
	t.Run("safe under a lock that OnClose takes", func(t *testing.T) {
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
	})
	t.Run("Write waits under a lock that OnClose takes, and the session's end frees it", func(t *testing.T) {
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
	})
	t.Run("Write may wait, the others never", func(t *testing.T) {
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
	})
	t.Run("there is room when the message fits in WriteLimit beside what waits, or when nothing waits", func(t *testing.T) {
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
	})
	t.Run("WriteLimit negative is no limit", func(t *testing.T) {
		bubble(t, &wsecho.Handler{WriteTimeout: -1, PingInterval: -1, WriteLimit: -1}, func(t *testing.T, b *sessiontest.Both) {
			for range 100 {
				if err := b.Session.TryWrite(text, make([]byte, 100_000)); err != nil {
					t.Fatal(err)
				}
			}
		})
	})
	t.Run("if Write's ctx ends first nothing of the message is sent and the session goes on", func(t *testing.T) {
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
	})
	t.Run("once the session is ending both return an error that matches net.ErrClosed", func(t *testing.T) {
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
	})
	t.Run("a Write that waits with s.Context() returns net.ErrClosed at the end", func(t *testing.T) {
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
	})
	t.Run("messages leave whole, and in order for one caller", func(t *testing.T) {
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
	})
}

func TestPRule(t *testing.T) {
	t.Parallel()
	t.Run("p is the hook's to read and change until it returns", func(t *testing.T) {
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
	})
	t.Run("Write and TryWrite have copied theirs when they return", func(t *testing.T) {
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
	})
}

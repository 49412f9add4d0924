package wsecho_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/wsechotest/await"
	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// writers are the two that wait and the two that do not, of one message.
func writers(p []byte) (write, try map[string]func(s *wsecho.Session) error) {
	m := wsecho.Prepare(text, p)
	write = map[string]func(s *wsecho.Session) error{
		"Write":         func(s *wsecho.Session) error { return s.Write(s.Context(), text, p) },
		"WritePrepared": func(s *wsecho.Session) error { return s.WritePrepared(s.Context(), m) },
	}
	try = map[string]func(s *wsecho.Session) error{
		"TryWrite":         func(s *wsecho.Session) error { return s.TryWrite(text, p) },
		"TryWritePrepared": func(s *wsecho.Session) error { return s.TryWritePrepared(m) },
	}
	return write, try
}

// A Write loop stops once half of WriteLimit waits, and TryWrite fills the rest.
func TestWriteLeavesRoomToTryWrite(t *testing.T) {
	const limit, size = 100_000, 1000
	write, try := writers(make([]byte, size))
	for writing, write := range write {
		for trying, try := range try {
			t.Run(writing+" beside "+trying, func(t *testing.T) {
				bubble(t, &wsecho.Handler{WriteTimeout: -1, PingInterval: -1, WriteLimit: limit}, func(t *testing.T, b *sessiontest.Both) {
					wrote := make(chan error, 1)
					go func() {
						for {
							if err := write(b.Session); err != nil {
								wrote <- err
								return
							}
						}
					}()
					synctest.Wait()
					if q := b.Session.Queued(); q > limit/2 || q < limit/2-2*size {
						t.Errorf("%d bytes wait when Write does", q)
					}
					tried := 0
					for ; tried < 1000; tried++ {
						if err := try(b.Session); errors.Is(err, wsecho.ErrWriteLimit) {
							break
						} else if err != nil {
							t.Fatal(err)
						}
					}
					if q := b.Session.Queued(); tried < 45 || q > limit || q < limit-2*size {
						t.Errorf("%d messages more found room, %d bytes wait", tried, q)
					}
					if synctest.Wait(); len(wrote) > 0 {
						t.Errorf("Write no longer waits: %v", <-wrote)
					}
					b.Session.Close(4000, "")
					if err := <-wrote; websocket.CloseStatus(err) != 4000 {
						t.Errorf("Write: %v", err)
					}
				})
			})
		}
	}
}

// Beside a Write loop to a client that reads flat out TryWrite always finds room: the queue is full all along,
// but half of it is not Write's.
func TestTryWriteBesideWriteLoop(t *testing.T) {
	leaktest.Beside(t)
	for name, over := range map[string]sessiontest.Transport{"TCP": overTCP, "TLS": overTLS} {
		t.Run(name, func(t *testing.T) {
			b := sessiontest.Start(t, over, &wsecho.Handler{WriteLimit: 400_000, WriteTimeout: -1}, false)
			flooded := make(chan struct{})
			go func() {
				defer close(flooded)
				for b.Session.Write(b.Session.Context(), websocket.MessageBinary, make([]byte, 10_000)) == nil {
				}
			}()
			read := make(chan int)
			go func() {
				defer close(read)
				for {
					m, err := b.Peer.Read()
					if err != nil || m.Op == peer.OpClose {
						return
					}
					if m.Op == peer.OpText {
						read <- len(m.Payload)
					}
				}
			}()
			for i := range leaktest.Volume(10, 30, 158) {
				if err := b.Session.TryWrite(text, make([]byte, 1000)); err != nil {
					t.Fatalf("message %d: %v", i, err)
				}
				if n := await.Value(t, "the message", read); n != 1000 {
					t.Fatalf("message %d has %d bytes", i, n)
				}
			}
			b.Session.Close(1000, "")
			await.Value(t, "the loop ends", flooded)
			for range read {
			}
		})
	}
}

// Queued is what waits beyond the kernel's buffers, headers and all.
func TestQueued(t *testing.T) {
	bubble(t, &wsecho.Handler{WriteTimeout: -1, PingInterval: -1}, func(t *testing.T, b *sessiontest.Both) {
		expect := func(want int) {
			t.Helper()
			synctest.Wait()
			if q := b.Session.Queued(); q != want || b.Handler.Stats().Queued != int64(want) {
				t.Errorf("%d bytes wait, Stats has %d, want %d", q, b.Handler.Stats().Queued, want)
			}
		}
		expect(0)
		m := wsecho.Prepare(websocket.MessageBinary, make([]byte, 300))
		if err := errors.Join(b.Session.TryWrite(text, make([]byte, 100)), b.Session.TryWritePrepared(m), b.Session.TryWritePrepared(m)); err != nil {
			t.Fatal(err)
		}
		expect(2 + 100 + 2*(4+300))
		b.Peer.Next()
		expect(2 * (4 + 300))
		b.Peer.Next()
		b.Peer.Next()
		expect(0)
		b.Session.TryWrite(text, []byte("unread"))
		b.Handler.Close()
		time.Sleep(time.Second)
		expect(0)
	})
}

// A Write that waits goes on when the peer reads, and one whose context ends first sends nothing.
func TestWritePreparedWaits(t *testing.T) {
	bubble(t, &wsecho.Handler{WriteTimeout: -1, PingInterval: -1, WriteLimit: 10_000}, func(t *testing.T, b *sessiontest.Both) {
		large, small := wsecho.Prepare(text, make([]byte, 9000)), wsecho.Prepare(websocket.MessageBinary, make([]byte, 400))
		if err := b.Session.TryWritePrepared(large); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := b.Session.WritePrepared(ctx, large); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("WritePrepared: %v", err)
		}
		wrote := make(chan error, 1)
		go func() { wrote <- b.Session.WritePrepared(context.Background(), small) }()
		if synctest.Wait(); len(wrote) > 0 {
			t.Errorf("WritePrepared found room: %v", <-wrote)
		}
		if m := b.Peer.Next(); m != "text:len 9000" {
			t.Errorf("the peer saw %q", m)
		}
		if err := <-wrote; err != nil {
			t.Error(err)
		}
		b.Session.TryWritePrepared(small)
		b.Session.Close(4000, "") // behind all that waits
		if err := b.Session.TryWritePrepared(small); websocket.CloseStatus(err) != 4000 {
			t.Errorf("TryWritePrepared after Close: %v", err)
		}
		b.Check(t, sessiontest.End{Frames: []string{"binary:len 400", "binary:len 400"}, Code: 4000, Label: "closed"})
	})
}

// A message that is longer than half of WriteLimit, or all of it, finds room when nothing waits, and only then.
func TestWriteOfMoreThanHalf(t *testing.T) {
	for _, size := range []int{6000, 50_000} {
		write, _ := writers(make([]byte, size))
		for name, write := range write {
			t.Run(fmt.Sprint(name, " of ", size), func(t *testing.T) {
				bubble(t, &wsecho.Handler{WriteTimeout: -1, PingInterval: -1, WriteLimit: 10_000}, func(t *testing.T, b *sessiontest.Both) {
					if err := write(b.Session); err != nil {
						t.Fatal(err)
					}
					wrote := make(chan error, 1)
					go func() { wrote <- write(b.Session) }()
					if synctest.Wait(); len(wrote) > 0 {
						t.Errorf("a second found room too: %v", <-wrote)
					}
					for range 2 {
						if m := b.Peer.Next(); m != fmt.Sprint("text:len ", size) {
							t.Fatalf("the peer saw %q", m)
						}
					}
					if err := <-wrote; err != nil {
						t.Error(err)
					}
				})
			})
		}
	}
}

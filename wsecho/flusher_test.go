package wsecho_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/wsechotest/await"
	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// rawAndPlain runs a test over a socket that is written around net.Conn, and over one that is not.
func rawAndPlain(t *testing.T, test func(t *testing.T, over sessiontest.Transport)) {
	for _, over := range []sessiontest.Transport{overTCP, overWrapped} {
		t.Run(over.Name, func(t *testing.T) { t.Parallel(); test(t, over) })
	}
}

// frameMost is the most that a frame adds to a message, and pings for twice WriteTimeout.
const frameMost = 10 + 100*2

// fill writes to a peer that does not read until there is no room, and the kernel takes no more.
func fill(t *testing.T, s *wsecho.Session, size int) {
	t.Helper()
	p := make([]byte, size)
	for refused := 0; refused < 50; {
		switch err := s.TryWrite(websocket.MessageBinary, p); {
		case err == nil:
			refused = 0
		case errors.Is(err, wsecho.ErrWriteLimit):
			refused++
			time.Sleep(time.Millisecond)
		default:
			t.Fatal(err)
		}
	}
}

// queued holds the queue to its limit.
func queued(t *testing.T, b *sessiontest.Both) int64 {
	t.Helper()
	q := b.Handler.Stats().Queued
	if most := int64(b.Handler.WriteLimit) + frameMost; q > most {
		t.Errorf("%d bytes are queued, at most %d may be", q, most)
	}
	return q
}

// TestPeerThatNeverReads: it costs its WriteLimit, makes Write wait and TryWrite refuse, and after
// WriteTimeout it is gone. Nobody else notices.
func TestPeerThatNeverReads(t *testing.T) {
	leaktest.Slow(t)
	leaktest.Beside(t)
	rawAndPlain(t, func(t *testing.T, over sessiontest.Transport) {
		stuck := sessiontest.Start(t, over, &wsecho.Handler{WriteLimit: 100_000, WriteTimeout: noStall, PingInterval: 50 * time.Millisecond, PongTimeout: -1}, false)
		other := sessiontest.Start(t, over, &wsecho.Handler{WriteLimit: 100_000, WriteTimeout: noStall}, false)

		await.Poll(t, "TryWrite fills WriteLimit", func() bool { // of which the kernel may yet take some
			fill(t, stuck.Session, 10_000)
			return queued(t, stuck) >= 90_000
		})
		wrote := make(chan error, 1)
		go func() { // the kernel may yet take some
			var err error
			for err == nil {
				err = stuck.Session.Write(context.Background(), text, make([]byte, 20_000))
			}
			wrote <- err
		}()
		for range 200 {
			other.Send(peer.Text("hello"))
			if m := other.Peer.Next(); m != "text:hello" {
				t.Fatalf("the other session's peer saw %q", m)
			}
			if err := stuck.Session.TryWrite(text, make([]byte, 20_000)); err != nil && !errors.Is(err, wsecho.ErrWriteLimit) && !errors.Is(err, net.ErrClosed) {
				t.Errorf("TryWrite returned %v", err)
			}
			queued(t, stuck)
		}
		if err := await.Value(t, "Write returns", wrote); !errors.Is(err, net.ErrClosed) || !errors.Is(err, wsecho.ErrWriteTimeout) {
			t.Errorf("Write returned %v", err)
		}
		stuck.CheckHooks(t, sessiontest.End{Label: "write_timeout", Err: func(err error) bool { return errors.Is(err, wsecho.ErrWriteTimeout) }})
		if q := queued(t, stuck); q != 0 {
			t.Errorf("%d bytes are queued after the end", q)
		}
		other.Send(peer.Close(1000, ""))
		other.Check(t, sessiontest.End{Code: 1000, Reason: "*", Label: "peer"})
	})
}

// floods are what a peer may send without end while it reads nothing.
var floods = map[string][]byte{
	"messages":       bytes.Repeat(peer.Binary(make([]byte, 1000)), 60),
	"large messages": peer.Binary(make([]byte, 300_000)),
	"pings":          bytes.Repeat(peer.Ping(strings.Repeat("p", 125)), 500),
}

// TestPeerThatSendsAndNeverReads: answers to it stay within WriteLimit, whatever it sends.
func TestPeerThatSendsAndNeverReads(t *testing.T) {
	leaktest.Slow(t)
	leaktest.Beside(t)
	for name, flood := range floods {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rawAndPlain(t, func(t *testing.T, over sessiontest.Transport) {
				b := sessiontest.Start(t, over, &wsecho.Handler{WriteLimit: 400_000, WriteTimeout: noStall, CloseTimeout: 300 * time.Millisecond}, false)
				go func() {
					for b.Peer.Send(flood) == nil {
					}
				}()
				var err error
				for worst := int64(0); err == nil; {
					select {
					case err = <-b.Ended:
					case <-time.After(time.Millisecond):
						worst = max(worst, queued(t, b))
					}
				}
				if !errors.Is(err, wsecho.ErrWriteTimeout) {
					t.Errorf("OnClose got %v", err)
				}
				b.Gone(t)
			})
		})
	}
}

// TestSlowReader: a peer that takes something within each WriteTimeout lives on, however long all of
// it takes.
func TestSlowReader(t *testing.T) {
	leaktest.Slow(t)
	t.Parallel()
	const timeout, messages, size = noStall, 100, 100_000
	write := func(b *sessiontest.Both) chan error {
		b.Peer.Conn.SetReadDeadline(time.Time{}) // the handshake's
		wrote := make(chan error, 1)
		go func() {
			for i := range messages {
				if err := b.Session.Write(context.Background(), text, fmt.Appendf(nil, "%0*d", size, i)); err != nil {
					wrote <- err
					return
				}
			}
			b.Session.Close(4000, "")
			wrote <- nil
		}()
		return wrote
	}
	check := func(t *testing.T, b *sessiontest.Both, wrote chan error, all []byte) {
		t.Helper()
		if err := await.Value(t, "all is written", wrote); err != nil {
			t.Fatal(err)
		}
		b.Peer.Conn.Close()
		var want []byte
		for i := range messages {
			want = fmt.Appendf(want, "\x81\x7f\x00\x00\x00\x00\x00\x01\x86\xa0%0*d", size, i)
		}
		if want = append(want, "\x88\x02\x0f\xa0"...); !bytes.Equal(all, want) {
			t.Errorf("the peer got %d bytes, which are not the %d that it should", len(all), len(want))
		}
		b.CheckHooks(t, sessiontest.End{Code: 4000, Label: "closed"})
	}
	rawAndPlain(t, func(t *testing.T, over sessiontest.Transport) {
		b := sessiontest.Start(t, over, &wsecho.Handler{WriteTimeout: timeout, CloseTimeout: time.Minute}, false)
		wrote := write(b)
		begin := time.Now()
		var all []byte
		p := make([]byte, 400_000)
		const total = messages*(10+size) + 4 // then the server waits for the peer's close frame
		for len(all) < total {
			n, err := io.ReadFull(b.Peer.Conn, p[:min(len(p), total-len(all))])
			all = append(all, p[:n]...)
			if err != nil {
				break
			}
			if time.Since(begin) < 5*timeout/2 { // slow for that long, then no more
				time.Sleep(timeout / 10)
			}
		}
		check(t, b, wrote, all)
	})
	t.Run("pipe with half-close", func(t *testing.T) {
		// A few bytes at a time, in fake time: a pipe shows every one of them.
		h := &wsecho.Handler{WriteTimeout: timeout, CloseTimeout: 1000 * time.Hour, PingInterval: -1}
		bubble(t, h, func(t *testing.T, b *sessiontest.Both) {
			wrote := write(b)
			var all []byte
			p := make([]byte, 1000)
			for {
				n, err := b.Peer.Conn.Read(p)
				all = append(all, p[:n]...)
				if err != nil {
					break
				}
				time.Sleep(timeout * 9 / 10)
			}
			check(t, b, wrote, all)
		})
	})
}

// Any progress counts, however small.
func TestWriteTimeoutCountsProgress(t *testing.T) {
	for _, step := range []int{20_000, 100} {
		t.Run(fmt.Sprintf("%d bytes in 9 s", step), func(t *testing.T) {
			bubble(t, &wsecho.Handler{PingInterval: -1}, func(t *testing.T, b *sessiontest.Both) {
				b.Peer.Conn.SetReadDeadline(time.Time{}) // the handshake's
				if err := b.Session.TryWrite(websocket.MessageBinary, make([]byte, 50*step)); err != nil {
					t.Fatal(err)
				}
				for i := range 40 {
					time.Sleep(9 * time.Second)
					if _, err := io.ReadFull(b.Peer.Conn, make([]byte, step)); err != nil {
						t.Fatalf("a reader that makes progress was cut after %d steps: %v", i, <-b.Ended)
					}
				}
				begin := time.Now()
				if err := <-b.Ended; !errors.Is(err, wsecho.ErrWriteTimeout) {
					t.Error(err)
				}
				if d := time.Since(begin); d > 20*time.Second { // a write that took some, and one that took none
					t.Errorf("cut after %v", d)
				}
			})
		})
	}
}

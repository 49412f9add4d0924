package wsecho_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/inmem"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/wsechotest/await"
	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// overPipeAs carries sessions over what wrap makes of the server's end of a pipe.
func overPipeAs(wrap func(net.Conn) net.Conn) sessiontest.Transport {
	return sessiontest.HTTP1("pipe", inMemory(func() (client, server net.Conn) {
		client, server = peer.HalfPipe()
		return client, wrap(server)
	}))
}

// untilGone waits, in fake time, until the session is counted no more, and says for how long.
func untilGone(t *testing.T, b *sessiontest.Both) time.Duration {
	t.Helper()
	begin := time.Now()
	for synctest.Wait(); b.Handler.Stats().Open > 0; synctest.Wait() {
		if time.Since(begin) > time.Hour {
			t.Fatal("it is never gone")
		}
		time.Sleep(time.Millisecond)
	}
	return time.Since(begin)
}

// failingWrites takes a handshake's answer; what is longer is not taken, and its Write fails at last.
type failingWrites struct {
	net.Conn
	fail chan struct{}
}

func (c failingWrites) Write(p []byte) (int, error) {
	if len(p) < 1000 {
		return c.Conn.Write(p)
	}
	<-c.fail
	return 0, errSecret
}

// A write that fails while the reader waits does not put the end off, and brings it about where
// nothing else does.
func TestWriteFailsWhileReaderWaits(t *testing.T) {
	end := func(b *sessiontest.Both) { b.Session.Close(4000, "") }
	lost, closed := sessiontest.End{Label: "lost"}, sessiontest.End{Code: 4000, Label: "closed"}
	for name, c := range map[string]struct {
		closeTimeout time.Duration
		end          func(b *sessiontest.Both)
		fails        time.Duration // after the end began
		gone         time.Duration // likewise
		told         sessiontest.End
	}{
		"no end":                               {0, func(*sessiontest.Both) {}, 0, 5 * time.Second, lost},
		"no end, CloseTimeout negative":        {-1, func(*sessiontest.Both) {}, 0, 0, lost},
		"Session.Close":                        {0, end, 4 * time.Second, 5 * time.Second, closed},
		"Session.Close, CloseTimeout negative": {-1, end, 4 * time.Second, 4 * time.Second, closed},
		"Handler.Close":                        {0, func(b *sessiontest.Both) { b.Handler.Close() }, 50 * time.Millisecond, 500 * time.Millisecond, sessiontest.End{Code: 1001, Label: "shutdown"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fail := make(chan struct{})
				over := overPipeAs(func(c net.Conn) net.Conn { return failingWrites{c, fail} })
				b := sessiontest.Start(t, over, &wsecho.Handler{CloseTimeout: c.closeTimeout, WriteTimeout: -1, PingInterval: -1}, false)
				defer b.Peer.Close()
				b.Session.TryWrite(text, make([]byte, 2000))
				synctest.Wait()
				c.end(b)
				time.Sleep(c.fails)
				close(fail)
				if d := c.fails + untilGone(t, b); d < c.gone || d > c.gone+10*time.Millisecond {
					t.Errorf("gone after %v, want %v", d, c.gone)
				}
				b.CheckHooks(t, c.told)
			})
		})
	}
}

// Where the peer is not waited for, the queue is, but a peer that takes a little within each
// WriteTimeout does not keep the connection open.
func TestCloseTimeoutNegativeAndDrippingPeer(t *testing.T) {
	bubble(t, &wsecho.Handler{CloseTimeout: -1, PingInterval: -1}, func(t *testing.T, b *sessiontest.Both) {
		b.Session.TryWrite(websocket.MessageBinary, make([]byte, 1<<20))
		b.Peer.Conn.SetReadDeadline(time.Time{}) // the handshake's
		b.Session.Close(4000, "")
		drips := 0
		for ; drips < 10; drips++ {
			if _, err := b.Peer.Conn.Read(make([]byte, 100)); err != nil {
				break
			}
			time.Sleep(9 * time.Second)
		}
		if drips > 2 {
			t.Errorf("the peer took something %d times", drips)
		}
		b.CheckHooks(t, sessiontest.End{Code: 4000, Label: "closed"})
	})
}

// deadlines says whether a deadline for writes was ever in the past.
type deadlines struct {
	net.Conn
	past *atomic.Bool
}

func (c deadlines) CloseWrite() error { return c.Conn.(interface{ CloseWrite() error }).CloseWrite() }

func (c deadlines) SetWriteDeadline(at time.Time) error {
	if !at.IsZero() && at.Before(time.Now()) {
		c.past.Store(true)
	}
	return c.Conn.SetWriteDeadline(at)
}

func (c deadlines) SetDeadline(at time.Time) error {
	c.SetWriteDeadline(at)
	return c.Conn.SetReadDeadline(at)
}

// A close that has left is not taken back: over HTTP/2 a deadline for writes that has passed resets the
// stream, close frame and all.
func TestCloseFrameIsNotTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var past atomic.Bool
		over := overPipeAs(func(c net.Conn) net.Conn { return deadlines{c, &past} })
		b := sessiontest.Start(t, over, &wsecho.Handler{CloseTimeout: -1}, false)
		b.Session.Close(4000, "")
		b.Check(t, sessiontest.End{Code: 4000, Label: "closed"})
		if past.Load() {
			t.Error("a deadline for writes was set to the past")
		}
	})
}

// The kernel does not try for minutes to deliver what a lost peer did not take.
func TestLostPeerIsReset(t *testing.T) {
	leaktest.Beside(t)
	for _, over := range []sessiontest.Transport{overTCP, overTLS} {
		t.Run(over.Name, func(t *testing.T) {
			b := sessiontest.Start(t, over, &wsecho.Handler{WriteTimeout: -1, PingInterval: -1}, false)
			fill(t, b.Session, 60_000)
			b.Handler.Close()
			b.Gone(t)
			b.Peer.Conn.SetReadDeadline(time.Now().Add(await.Patience))
			var err error
			for p := make([]byte, 64<<10); err == nil; {
				_, err = b.Peer.Conn.Read(p)
			}
			if !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("the peer saw the end as %v", err)
			}
		})
	}
}

// A lost peer is not sent TLS's own goodbye, which it would not take either.
func TestLostTLSPeerIsNotWaitedFor(t *testing.T) {
	config := &tls.Config{Certificates: certificates()}
	synctest.Test(t, func(t *testing.T) {
		over := sessiontest.HTTP1("TLS over a pipe", func(testing.TB) (net.Listener, func() (net.Conn, error)) {
			l := inmem.Listen(net.Pipe)
			return tls.NewListener(l, config), func() (net.Conn, error) {
				c, err := l.Dial(context.Background())
				return tls.Client(c, &tls.Config{InsecureSkipVerify: true}), err
			}
		})
		b := sessiontest.Start(t, over, &wsecho.Handler{PingInterval: -1}, false)
		defer b.Peer.Conn.(*tls.Conn).NetConn().Close()
		b.Session.TryWrite(websocket.MessageBinary, make([]byte, 100_000))
		if d := untilGone(t, b); d > 10*time.Second+10*time.Millisecond {
			t.Errorf("gone after %v", d)
		}
		b.CheckHooks(t, sessiontest.End{Label: "write_timeout"})
	})
}

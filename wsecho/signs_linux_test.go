package wsecho_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/wsechotest/child"
	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// What the kernel knows of a peer whose pong is due.

// sendBuffer gives connections whose kernel holds about that much of what is written to them.
type sendBuffer struct {
	net.Listener
	size int
}

func (l sendBuffer) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		c.(*net.TCPConn).SetWriteBuffer(l.size)
	}
	return c, err
}

// overBuffers is TCP whose kernel holds about ours bytes of what is written to a peer, and theirs of what it receives: where
// that is less than 32 KiB its window opens late, by up to a second where the machine is busy.
func overBuffers(ours, theirs int) sessiontest.Transport {
	return sessiontest.HTTP1("buffers", func(t testing.TB) (net.Listener, func() (net.Conn, error)) {
		l := listen(t, "tcp", "127.0.0.1:0")
		return sendBuffer{l, ours}, func() (net.Conn, error) {
			c, err := net.Dial("tcp", l.Addr().String())
			if err == nil {
				c.(*net.TCPConn).SetReadBuffer(theirs)
			}
			return c, err
		}
	})
}

const ahead = 160 << 10 // what the ping of these tests lies behind

// A peer that takes what lies before the ping, however slowly, lives on, be that in the kernel or in the
// session, and then answers.
func TestPingBehindMuch(t *testing.T) {
	leaktest.Slow(t)
	if !child.Alone(t) { // its peers must not starve for a timeout, beside so many others
		return
	}
	var peers sync.WaitGroup
	for _, c := range []struct {
		where        string
		size, buffer int
		writeTimeout time.Duration
	}{
		{"in the kernel", ahead, 4 << 20, noStall},
		{"in the session", ahead, 16 << 10, -1}, // where a WriteTimeout would watch what it lies behind
	} {
		h := &wsecho.Handler{PingInterval: noStall / 25, PongTimeout: noStall, WriteTimeout: c.writeTimeout}
		b := sessiontest.Start(t, overBuffers(c.buffer, 16<<10), h, false)
		if err := b.Session.TryWrite(websocket.MessageBinary, make([]byte, c.size)); err != nil {
			t.Fatal(err)
		}
		if q := h.Stats().Queued; (q == 0) != (c.buffer > c.size) {
			t.Errorf("%s: %d bytes are queued: the test shows less than it should", c.where, q)
		}
		peers.Go(func() {
			slow := &slowConn{Conn: b.Peer.Conn, pause: noStall / 32} // 40 times: more than a timeout
			p := peer.New(slow)
			p.Timeout = time.Minute
			for _, want := range []string{fmt.Sprint("binary:len ", c.size), "text:alive"} {
				m := "ping:"
				for m == "ping:" {
					m = p.Next()
				}
				if m != want {
					t.Errorf("%s: the peer saw %q; ended: %v", c.where, m, context.Cause(b.Session.Context()))
					return
				}
				slow.pause = 0
				p.Send(peer.Text("alive"))
			}
		})
	}
	peers.Wait()
}

// One that takes nothing of it is dead.
func TestPingBehindMuchAndFrozenPeer(t *testing.T) {
	leaktest.Slow(t)
	t.Parallel()
	b := sessiontest.Start(t, overBuffers(4<<20, 32<<10), &wsecho.Handler{PingInterval: noStall, PongTimeout: 100 * time.Millisecond, CloseTimeout: 100 * time.Millisecond}, false)
	b.Session.TryWrite(websocket.MessageBinary, make([]byte, ahead))
	b.CheckHooks(t, sessiontest.End{Code: 1011, Label: "pong_timeout", Err: func(err error) bool { return errors.Is(err, wsecho.ErrPongTimeout) }})
}

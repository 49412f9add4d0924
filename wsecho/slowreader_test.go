package wsecho_test

import (
	"net"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
)

// A ping that waits behind other bytes is no proof against a peer that takes those, however slowly.
func TestSlowReaderIsAlive(t *testing.T) {
	h := &wsecho.Handler{PingInterval: 10 * time.Second, PongTimeout: time.Second, WriteTimeout: 5 * time.Second, WriteLimit: -1}
	bubble(t, h, func(t *testing.T, b *sessiontest.Both) {
		const size = 1 << 20
		if err := b.Session.TryWrite(websocket.MessageBinary, make([]byte, size)); err != nil {
			t.Fatal(err)
		}
		slow := &slowConn{Conn: b.Peer.Conn, pause: 999 * time.Millisecond} // never at the time of a verdict
		p := peer.New(slow)
		p.Timeout = 1000 * time.Hour
		if m := p.Next(); m != "binary:len 1048576" {
			t.Fatalf("the peer saw %q; ended: %v", m, b.Session.Context().Err())
		}
		if slow.reads < 256 {
			t.Fatalf("%d reads: the test is too fast to show anything", slow.reads)
		}
		slow.pause = 0
		go p.Rest()
		time.Sleep(time.Minute)
		if len(b.Ended) > 0 {
			t.Errorf("ended: %v", <-b.Ended)
		}
	})
}

// slowConn pauses before it takes 4 KiB or less. Progress shows each 16 KiB: see plainChunk.
type slowConn struct {
	net.Conn
	pause time.Duration
	slow  int // reads that pause; 0: all
	reads int
}

func (c *slowConn) Read(p []byte) (int, error) {
	if c.reads++; c.slow == 0 || c.reads <= c.slow {
		time.Sleep(c.pause)
	}
	return c.Conn.Read(p[:min(len(p), 4<<10)])
}

package wsecho_test

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/sessiontest"
)

// largeBuffer gives connections that hold much of what is written to them.
type largeBuffer struct{ net.Listener }

func (l largeBuffer) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		c.(*net.TCPConn).SetWriteBuffer(4 << 20)
	}
	return c, err
}

// A socket with a large buffer is writable again only once a third of it is free. A peer that takes
// less than that in each WriteTimeout, but something, lives on.
func TestSlowReaderBehindLargeBuffer(t *testing.T) {
	t.Parallel()
	const timeout = patience
	over := sessiontest.HTTP1("large buffer", func(t testing.TB) (net.Listener, func() (net.Conn, error)) {
		l := largeBuffer{listen(t, "tcp", "127.0.0.1:0")}
		return l, func() (net.Conn, error) {
			c, err := net.Dial("tcp", l.Addr().String())
			if err == nil {
				c.(*net.TCPConn).SetReadBuffer(8 << 10) // so that it tells what it has taken
			}
			return c, err
		}
	})
	b := sessiontest.Start(t, over, &wsecho.Handler{WriteLimit: -1, WriteTimeout: timeout, PingInterval: -1}, false)
	b.Peer.Conn.SetReadDeadline(time.Time{}) // the handshake's
	if err := b.Session.TryWrite(websocket.MessageBinary, make([]byte, 16<<20)); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 4<<10)
	for begin := time.Now(); time.Since(begin) < 5*timeout/2; time.Sleep(30 * time.Millisecond) {
		if _, err := io.ReadFull(b.Peer.Conn, p); err != nil {
			t.Fatalf("%v; ended: %v", err, <-b.Ended)
		}
	}
	if len(b.Ended) > 0 {
		t.Errorf("ended: %v", <-b.Ended)
	}
}

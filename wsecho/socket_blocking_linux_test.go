//go:build !race && !386 && !s390x

package wsecho_test

import (
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// blocking makes its connections what os.File.Fd makes of them: sockets whose calls wait.
type blocking struct{ net.Listener }

func (l blocking) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		return nil, err
	}
	return c, raw.Control(func(fd uintptr) { err = syscall.SetNonblock(int(fd), false) })
}

// Under the session's lock nothing waits, whatever someone has done to the socket; where socket_direct.go
// is built, that is.
func TestBlockingSocket(t *testing.T) {
	over := sessiontest.HTTP1("a blocking socket", func(t testing.TB) (net.Listener, func() (net.Conn, error)) {
		l := listen(t, "tcp", "127.0.0.1:0")
		return blocking{l}, func() (net.Conn, error) { return net.Dial("tcp", l.Addr().String()) }
	})
	b := sessiontest.Start(t, over, &wsecho.Handler{WriteLimit: -1, CloseTimeout: 100 * time.Millisecond}, false)
	b.Send(peer.Text("m"))
	if m := b.Peer.Next(); m != "text:m" {
		t.Errorf("the peer saw %q", m)
	}
	written := make(chan struct{})
	go func() {
		for _, size := range []int{16 << 20, 100, 100_000} {
			b.Session.TryWrite(websocket.MessageBinary, make([]byte, size))
		}
		close(written)
	}()
	await.Value(t, "TryWrite returns", written)
	b.Session.Close(4000, "")
	b.CheckHooks(t, sessiontest.End{Code: 4000, Label: "closed"})
	b.Peer.Close()
}

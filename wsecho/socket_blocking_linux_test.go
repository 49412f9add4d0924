//go:build !race && !386 && !s390x

package wsecho_test

import (
	"errors"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// accepting says which connections it has accepted.
type accepting struct {
	net.Listener
	accepted chan net.Conn
}

func (l accepting) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		l.accepted <- c
	}
	return c, err
}

// block makes of a connection what os.File.Fd makes of it: a socket whose calls wait.
func block(c net.Conn) error {
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		return err
	}
	var blocked error
	err = raw.Control(func(fd uintptr) { blocked = syscall.SetNonblock(int(fd), false) })
	return errors.Join(err, blocked)
}

// Under the session's lock nothing waits, whatever someone has done to the socket; where socket_direct.go
// is built, that is.
func TestBlockingSocket(t *testing.T) {
	accepted := make(chan net.Conn, 1)
	over := sessiontest.HTTP1("a blocking socket", func(t testing.TB) (net.Listener, func() (net.Conn, error)) {
		l := listen(t, "tcp", "127.0.0.1:0")
		return accepting{l, accepted}, func() (net.Conn, error) { return net.Dial("tcp", l.Addr().String()) }
	})
	b := sessiontest.Start(t, over, &wsecho.Handler{
		WriteLimit: -1, CloseTimeout: 100 * time.Millisecond,
		OnOpen: func(*wsecho.Session, *http.Request) error { return block(<-accepted) }, // earlier, net/http itself would wait in it
	}, false)
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

package wsecho_test

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"testing"
	"time"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
)

// keeping is a listener that keeps what it accepts, as an http.Server's ConnContext lets a service do.
type keeping struct {
	net.Listener
	accepted chan net.Conn
}

func (l keeping) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		l.accepted <- c
	}
	return c, err
}

// A service that sets a deadline on a session's own connection loses the session: a read that fails is what
// ended it, whatever the deadline was for. It is not the peer that takes nothing.
func TestForeignReadDeadline(t *testing.T) {
	for _, name := range []string{"TCP", "TLS"} {
		t.Run(name, func(t *testing.T) {
			accepted := make(chan net.Conn, 1)
			over := sessiontest.HTTP1(name, func(t testing.TB) (net.Listener, func() (net.Conn, error)) {
				l := listen(t, "tcp", "127.0.0.1:0")
				if name == "TCP" {
					return keeping{l, accepted}, func() (net.Conn, error) { return net.Dial("tcp", l.Addr().String()) }
				}
				return keeping{tls.NewListener(l, &tls.Config{Certificates: certificates()}), accepted}, func() (net.Conn, error) {
					return tls.Dial("tcp", l.Addr().String(), &tls.Config{InsecureSkipVerify: true})
				}
			})
			b := sessiontest.Start(t, over, &wsecho.Handler{CloseTimeout: time.Hour}, false)
			b.Send(peer.Text("alive"))
			if m := b.Peer.Next(); m != "text:alive" {
				t.Fatalf("the peer saw %q", m)
			}
			(<-accepted).SetReadDeadline(time.Now().Add(10 * time.Millisecond))
			b.CheckHooks(t, sessiontest.End{Label: "lost", Err: func(err error) bool {
				return errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, wsecho.ErrWriteTimeout)
			}})
		})
	}
}

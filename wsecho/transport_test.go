package wsecho_test

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"example.com/wsecho/wsecho/internal/inmem"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// The transports of HTTP/1.1. tcp and unix are read around net.Conn, the others plainly.
var (
	overTCP = sessiontest.HTTP1("TCP", func(t testing.TB) (net.Listener, func() (net.Conn, error)) {
		l := listen(t, "tcp", "127.0.0.1:0")
		return l, func() (net.Conn, error) { return net.Dial("tcp", l.Addr().String()) }
	})
	overUnix = sessiontest.HTTP1("Unix", func(t testing.TB) (net.Listener, func() (net.Conn, error)) {
		l := listen(t, "unix", filepath.Join(t.TempDir(), "s"))
		return l, func() (net.Conn, error) { return net.Dial("unix", l.Addr().String()) }
	})
	overTLS = sessiontest.HTTP1("TLS", func(t testing.TB) (net.Listener, func() (net.Conn, error)) {
		l := listen(t, "tcp", "127.0.0.1:0")
		return tls.NewListener(l, &tls.Config{Certificates: certificates()}), func() (net.Conn, error) {
			return tls.Dial("tcp", l.Addr().String(), &tls.Config{InsecureSkipVerify: true})
		}
	})
	overWrapped = sessiontest.HTTP1("wrapped TCP", func(t testing.TB) (net.Listener, func() (net.Conn, error)) {
		l := listen(t, "tcp", "127.0.0.1:0")
		return wrapping{l}, func() (net.Conn, error) {
			c, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				return nil, err
			}
			return &wrapped{c.(*net.TCPConn)}, nil
		}
	})
	overPipe     = overMemory("net.Pipe", net.Pipe)
	overHalfPipe = overMemory("pipe with half-close", peer.HalfPipe)

	transports = []sessiontest.Transport{overTCP, overUnix, overTLS, overWrapped, overPipe, overHalfPipe}
)

func TestSessions(t *testing.T) {
	leaktest.Slow(t)
	leaktest.Beside(t)
	for _, over := range transports {
		t.Run(over.Name, func(t *testing.T) {
			t.Parallel()
			sessiontest.Run(t, over)
		})
	}
}

func listen(t testing.TB, network, address string) net.Listener {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// overMemory is a transport whose connections are what pipe makes.
func overMemory(name string, pipe func() (client, server net.Conn)) sessiontest.Transport {
	over := sessiontest.HTTP1(name, inMemory(pipe))
	over.InMemory = true
	return over
}

func inMemory(pipe func() (client, server net.Conn)) func(testing.TB) (net.Listener, func() (net.Conn, error)) {
	return func(testing.TB) (net.Listener, func() (net.Conn, error)) {
		l := inmem.Listen(pipe)
		return l, func() (net.Conn, error) { return l.Dial(context.Background()) }
	}
}

// certificates are those of httptest: made for tests, known to every Go.
func certificates() []tls.Certificate {
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.StartTLS()
	defer srv.Close()
	return srv.TLS.Certificates
}

// wrapping gives connections whose type wraps a *net.TCPConn and needs every byte to go through its
// own Read and Write, which turn all bits over.
type wrapping struct{ net.Listener }

func (l wrapping) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &wrapped{c.(*net.TCPConn)}, nil
}

type wrapped struct{ *net.TCPConn }

func (c *wrapped) Read(p []byte) (int, error) {
	n, err := c.TCPConn.Read(p)
	for i := range p[:n] {
		p[i] ^= 0xff
	}
	return n, err
}

func (c *wrapped) Write(p []byte) (int, error) {
	q := make([]byte, len(p))
	for i := range p {
		q[i] = p[i] ^ 0xff
	}
	return c.TCPConn.Write(q)
}

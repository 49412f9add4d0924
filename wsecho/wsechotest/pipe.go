package wsechotest

import (
	"net"
	"sync"
	"time"
)

// pipe returns the two ends of a connection in memory and the Link between them. net.Pipe would not do: it holds
// nothing, and coder's client gives a connection up whose peer has not taken a pong within 5 s, as no hook at work
// does; and its ends cannot shut down one side alone, so that a close would look other than it does over TCP.
func pipe() (client, server *conn, link *Link) {
	l := new(Link)
	l.up, l.down = newStream(l), newStream(l)
	return &conn{in: l.down, out: l.up, local: clientAddr, remote: serverAddr},
		&conn{in: l.up, out: l.down, local: serverAddr, remote: clientAddr}, l
}

// clientAddr and serverAddr are addresses of TEST-NET-1, as net/http/httptest has them.
var (
	clientAddr = &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1234}
	serverAddr = &net.TCPAddr{IP: net.IPv4(192, 0, 2, 2), Port: 80}
)

// conn is one end of a pipe.
type conn struct {
	in, out       *stream
	local, remote net.Addr
	once          sync.Once
	closed        func() // called once it is; may be nil
}

// Read waits for bytes from the other end.
func (c *conn) Read(p []byte) (int, error) { return c.in.read(p) }

// Write waits until the other end's buffer has taken all of p.
func (c *conn) Write(p []byte) (int, error) { return c.out.write(p) }

// CloseWrite ends what the other end can read; Read goes on.
func (c *conn) CloseWrite() error {
	c.out.end()
	return nil
}

// Close ends both directions. The other end can still read what was written before.
func (c *conn) Close() error {
	c.once.Do(func() {
		c.out.end()
		c.in.abandon()
		if c.closed != nil {
			c.closed()
		}
	})
	return nil
}

// LocalAddr is this end's address.
func (c *conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr is the other end's address.
func (c *conn) RemoteAddr() net.Addr { return c.remote }

// SetReadDeadline sets when Read gives up; zero: never.
func (c *conn) SetReadDeadline(t time.Time) error { return c.in.setDeadline(&c.in.readBy, t) }

// SetWriteDeadline sets when Write gives up; zero: never.
func (c *conn) SetWriteDeadline(t time.Time) error { return c.out.setDeadline(&c.out.writeBy, t) }

// SetDeadline sets both deadlines.
func (c *conn) SetDeadline(t time.Time) error {
	c.SetReadDeadline(t)
	return c.SetWriteDeadline(t)
}

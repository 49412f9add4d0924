package wsnet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
)

// conn is one session as a net.Conn.
type conn struct {
	s             *wsecho.Session
	typ           websocket.MessageType
	local, remote net.Addr

	unread chan []byte // from the hook to a Read: what is left of the message
	taken  chan int    // and back: how much of it that Read has taken

	readBy, writeBy *deadline
	closing         sync.Once
	closed          chan struct{} // by Close
}

// newConn returns the connection of the session that r opens.
func newConn(s *wsecho.Session, typ websocket.MessageType, r *http.Request) *conn {
	c := &conn{
		s:       s,
		typ:     typ,
		local:   address("websocket"),
		remote:  address(s.RemoteAddr()),
		unread:  make(chan []byte),
		taken:   make(chan int),
		readBy:  newDeadline(),
		writeBy: newDeadline(),
		closed:  make(chan struct{}),
	}
	if addr, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		c.local = addr
	}
	if addr, err := netip.ParseAddrPort(s.RemoteAddr()); err == nil {
		c.remote = net.TCPAddrFromAddrPort(addr)
	}
	return c
}

// deliver gives p to Read, and returns when all of it has been read or the session is over.
func (c *conn) deliver(ctx context.Context, p []byte) {
	for len(p) > 0 {
		select {
		case c.unread <- p:
			p = p[<-c.taken:]
		case <-ctx.Done():
			return
		}
	}
}

// Read waits for bytes of the current message, or of the next.
func (c *conn) Read(p []byte) (int, error) {
	if err := c.refused(c.readBy); err != nil {
		return 0, err
	}
	if len(p) == 0 {
		return 0, nil
	}
	select {
	case message := <-c.unread:
		n := copy(p, message)
		c.taken <- n
		return n, nil
	case <-c.closed:
		return 0, net.ErrClosed
	case <-c.readBy.wait().Done():
		return 0, os.ErrDeadlineExceeded
	case <-c.s.Context().Done():
		return 0, c.readError()
	}
}

// Write sends p as one message.
func (c *conn) Write(p []byte) (int, error) {
	if err := c.refused(c.writeBy); err != nil {
		return 0, err
	}
	if len(p) == 0 {
		return 0, nil // a stream has no empty messages
	}
	by := c.writeBy.wait()
	switch err := c.s.Write(by, c.typ, p); {
	case err == nil:
		return len(p), nil
	case by.Err() != nil && !errors.Is(err, net.ErrClosed):
		return 0, os.ErrDeadlineExceeded
	default:
		return 0, err
	}
}

// refused returns the error of a call that must not even begin.
func (c *conn) refused(d *deadline) error {
	select {
	case <-c.closed:
		return net.ErrClosed
	default:
		return d.wait().Err()
	}
}

// readError is what Read returns once the session is over and all has been read.
func (c *conn) readError() error {
	select {
	case <-c.closed: // which ended the session
		return net.ErrClosed
	default:
	}
	err := context.Cause(c.s.Context())
	switch {
	case wsecho.Cause(err) == "peer":
		switch websocket.CloseStatus(err) {
		case websocket.StatusNormalClosure, websocket.StatusGoingAway, websocket.StatusNoStatusRcvd:
			return io.EOF
		}
	case errors.Is(err, io.EOF): // no close frame: what was read may not be all
		return fmt.Errorf("wsecho: connection lost: %w", io.ErrUnexpectedEOF)
	}
	return err
}

// Close starts the end of the session.
func (c *conn) Close() error {
	c.closing.Do(func() {
		close(c.closed)
		c.s.Close(websocket.StatusNormalClosure, "")
		c.readBy.set(time.Time{})
		c.writeBy.set(time.Time{})
	})
	return nil
}

// LocalAddr is the address that the http.Server took the connection at.
func (c *conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr is the peer's address, as the Handler saw it.
func (c *conn) RemoteAddr() net.Addr { return c.remote }

// SetReadDeadline sets when Read gives up; zero: never.
func (c *conn) SetReadDeadline(t time.Time) error { return c.setDeadline(t, c.readBy) }

// SetWriteDeadline sets when Write gives up; zero: never.
func (c *conn) SetWriteDeadline(t time.Time) error { return c.setDeadline(t, c.writeBy) }

// SetDeadline sets both deadlines.
func (c *conn) SetDeadline(t time.Time) error { return c.setDeadline(t, c.readBy, c.writeBy) }

// setDeadline sets each of deadlines, unless the connection has been closed.
func (c *conn) setDeadline(t time.Time, deadlines ...*deadline) error {
	select {
	case <-c.closed:
		return net.ErrClosed
	default:
	}
	for _, d := range deadlines {
		d.set(t)
	}
	return nil
}

// address is a net.Addr that is a name alone, as of the peer of a Unix socket.
type address string

// Network is always "websocket".
func (a address) Network() string { return "websocket" }

// String is the name.
func (a address) String() string { return string(a) }

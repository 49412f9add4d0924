package wsechotest

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// pipe is a connection in memory. net.Pipe would not do: it holds nothing, and coder's client gives
// a connection up whose peer has not taken a pong within 5 s, as no hook at work does; and its ends
// cannot shut down one side alone, so that a close would look other than it does over TCP.
func pipe() (client, server *conn) {
	up, down := newStream(), newStream()
	return &conn{in: down, out: up, local: clientAddr, remote: serverAddr},
		&conn{in: up, out: down, local: serverAddr, remote: clientAddr}
}

// Of TEST-NET-1, as net/http/httptest has it.
var (
	clientAddr = &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1234}
	serverAddr = &net.TCPAddr{IP: net.IPv4(192, 0, 2, 2), Port: 80}
)

// conn is one end.
type conn struct {
	in, out       *stream
	local, remote net.Addr
	once          sync.Once
	closed        func() // may be nil
}

func (c *conn) Read(p []byte) (int, error)  { return c.in.read(p) }
func (c *conn) Write(p []byte) (int, error) { return c.out.write(p) }

func (c *conn) CloseWrite() error {
	c.out.end()
	return nil
}

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

func (c *conn) LocalAddr() net.Addr                { return c.local }
func (c *conn) RemoteAddr() net.Addr               { return c.remote }
func (c *conn) SetReadDeadline(t time.Time) error  { return c.in.setDeadline(&c.in.readBy, t) }
func (c *conn) SetWriteDeadline(t time.Time) error { return c.out.setDeadline(&c.out.writeBy, t) }

func (c *conn) SetDeadline(t time.Time) error {
	c.SetReadDeadline(t)
	return c.SetWriteDeadline(t)
}

// streamSize is how much waits in a stream until its writer has to.
const streamSize = 64 << 10

// stream is one direction.
type stream struct {
	mu      sync.Mutex
	changed sync.Cond // anything below
	buf     []byte
	ended   bool // by its writer: EOF comes after buf
	gone    bool // its reader is
	readBy  deadline
	writeBy deadline
}

// deadline is a time at which those who wait look again.
type deadline struct {
	at    time.Time // zero: none
	timer *time.Timer
}

func (d *deadline) over() bool { return !d.at.IsZero() && !time.Now().Before(d.at) }

func newStream() *stream {
	s := new(stream)
	s.changed.L = &s.mu
	return s
}

func (s *stream) read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.gone:
			return 0, net.ErrClosed
		case s.readBy.over():
			return 0, os.ErrDeadlineExceeded
		case len(s.buf) > 0 || len(p) == 0:
			n := copy(p, s.buf)
			s.buf = s.buf[n:]
			s.changed.Broadcast()
			return n, nil
		case s.ended:
			return 0, io.EOF
		}
		s.changed.Wait()
	}
}

func (s *stream) write(p []byte) (n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.ended:
			return n, net.ErrClosed
		case s.gone:
			return n, io.ErrClosedPipe
		case s.writeBy.over():
			return n, os.ErrDeadlineExceeded
		}
		if room := min(streamSize-len(s.buf), len(p)-n); room > 0 {
			s.buf = append(s.buf, p[n:n+room]...)
			n += room
			s.changed.Broadcast()
		}
		if n == len(p) {
			return n, nil
		}
		s.changed.Wait()
	}
}

// end is the writer's close.
func (s *stream) end() { s.change(func() { s.ended = true }) }

// abandon is the reader's.
func (s *stream) abandon() { s.change(func() { s.gone, s.buf = true, nil }) }

func (s *stream) setDeadline(d *deadline, t time.Time) error {
	s.change(func() {
		if d.timer != nil {
			d.timer.Stop()
			d.timer = nil
		}
		if d.at = t; time.Until(t) > 0 {
			d.timer = time.AfterFunc(time.Until(t), func() { s.change(func() {}) })
		}
	})
	return nil
}

func (s *stream) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	s.changed.Broadcast()
}

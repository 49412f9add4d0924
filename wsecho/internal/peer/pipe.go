package peer

import (
	"net"
	"sync"
	"time"
)

// Listener is a net.Listener in memory. Its connections work in a synctest bubble.
type Listener struct {
	pipe   func() (client, server net.Conn)
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

// Listen makes connections with pipe: net.Pipe or HalfPipe.
func Listen(pipe func() (client, server net.Conn)) *Listener {
	return &Listener{pipe: pipe, conns: make(chan net.Conn), closed: make(chan struct{})}
}

// Dial connects to the listener.
func (l *Listener) Dial() (net.Conn, error) {
	client, server := l.pipe()
	select {
	case l.conns <- server:
		return client, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Accept waits for the next connection.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close ends Dial and Accept.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr is the address of one end of a net.Pipe.
func (l *Listener) Addr() net.Addr {
	a, b := net.Pipe()
	b.Close()
	a.Close()
	return a.LocalAddr()
}

// HalfPipe is a net.Pipe whose ends can shut down their sending side alone, as TCP's can.
func HalfPipe() (client, server net.Conn) {
	up, upEnd := net.Pipe()
	down, downEnd := net.Pipe()
	return &half{Conn: up, in: downEnd}, &half{Conn: down, in: upEnd}
}

// half sends over one pipe and receives over another.
type half struct {
	net.Conn // sends
	in       net.Conn
}

func (h *half) Read(p []byte) (int, error)        { return h.in.Read(p) }
func (h *half) CloseWrite() error                 { return h.Conn.Close() }
func (h *half) SetReadDeadline(t time.Time) error { return h.in.SetReadDeadline(t) }

func (h *half) SetDeadline(t time.Time) error {
	h.in.SetReadDeadline(t)
	return h.Conn.SetWriteDeadline(t)
}

func (h *half) Close() error {
	h.in.Close()
	return h.Conn.Close()
}

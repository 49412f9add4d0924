// Package inmem has a net.Listener in memory, for servers that tests reach without a socket.
package inmem

import (
	"context"
	"net"
	"sync"
)

// Listener is a net.Listener whose connections are made by its Dial. It works in a synctest bubble.
type Listener struct {
	pipe   func() (client, server net.Conn)
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

// Listen returns a Listener whose connections are what pipe makes, such as net.Pipe.
func Listen(pipe func() (client, server net.Conn)) *Listener {
	return &Listener{pipe: pipe, conns: make(chan net.Conn), closed: make(chan struct{})}
}

// Dial makes a connection and waits until it has been accepted. A failed Dial has closed both ends.
func (l *Listener) Dial(ctx context.Context) (net.Conn, error) {
	client, server := l.pipe()
	err := net.ErrClosed
	select {
	case l.conns <- server:
		return client, nil
	case <-l.closed:
	case <-ctx.Done():
		err = ctx.Err()
	}
	server.Close()
	client.Close()
	return nil, err
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

// Close ends every Dial and Accept. The connections go on.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr is port 80 of an address of TEST-NET-1, as net/http/httptest has it.
func (l *Listener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 2), Port: 80} }

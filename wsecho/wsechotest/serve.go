package wsechotest

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
)

// serve serves h until the test ends and returns the transport that reaches it, whatever the address.
func serve(t testing.TB, h http.Handler) *http.Transport {
	l := &listener{conns: make(chan net.Conn), closed: make(chan struct{})}
	srv := &http.Server{Handler: h}
	served := make(chan struct{})
	go func() {
		defer close(served)
		srv.Serve(l)
	}()
	tr := &http.Transport{DialContext: l.dial}
	t.Cleanup(func() {
		tr.CloseIdleConnections()
		srv.Close()
		<-served
		l.held.Wait()
	})
	return tr
}

// body is what the server said as it refused.
func body(res *http.Response) []byte {
	p, _ := io.ReadAll(res.Body) // coder has read it into memory
	return p
}

// listener accepts what dial connects.
type listener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
	held   sync.WaitGroup // the servers' ends that are still open
}

func (l *listener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := pipe()
	l.held.Add(1)
	server.closed = l.held.Done
	select {
	case l.conns <- server:
		return client, nil
	case <-l.closed:
	case <-ctx.Done():
	}
	server.Close()
	return nil, net.ErrClosed
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *listener) Addr() net.Addr { return serverAddr }

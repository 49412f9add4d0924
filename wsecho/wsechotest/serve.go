package wsechotest

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"

	"example.com/wsecho/wsecho/internal/inmem"
)

// server is an http.Server in memory.
type server struct {
	transport *http.Transport // reaches it, whatever the address
	link      *Link           // of the last connection; nil: none yet
}

// serve serves h until the test ends.
func serve(t testing.TB, h http.Handler) *server {
	s := new(server)
	var held sync.WaitGroup // the servers' ends that are still open
	l := inmem.Listen(func() (client, server net.Conn) {
		c, end, link := pipe()
		held.Add(1)
		end.closed = held.Done
		s.link = link // before the client has the connection
		return c, end
	})
	s.transport = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return l.Dial(ctx) }}
	srv := &http.Server{Handler: h}
	served := make(chan struct{})
	go func() {
		defer close(served)
		srv.Serve(l)
	}()
	t.Cleanup(func() {
		s.transport.CloseIdleConnections()
		srv.Close()
		<-served
		held.Wait()
	})
	return s
}

// body is what the server said as it refused.
func body(res *http.Response) []byte {
	p, _ := io.ReadAll(res.Body) // coder has read it into memory
	return p
}

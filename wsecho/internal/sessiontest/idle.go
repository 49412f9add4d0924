package sessiontest

import (
	"bufio"
	"net"
	"net/http"
	"testing"
	"time"
)

// behindIdleTimeout is over with a middleware that ends a connection which is quiet for 100 ms, as many a
// server's does: by a deadline for each read.
func behindIdleTimeout(over Transport) Transport {
	serve := over.Serve
	over.Serve = func(t testing.TB, h http.Handler) Dial {
		return serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h.ServeHTTP(idleWriter{w}, r)
		}))
	}
	return over
}

type idleWriter struct{ http.ResponseWriter }

func (w idleWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w idleWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, brw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	return idleConn{c}, brw, err
}

type idleConn struct{ net.Conn }

func (c idleConn) Read(p []byte) (int, error) {
	c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	return c.Conn.Read(p)
}

// CloseWrite shuts the sending side where the connection below can.
func (c idleConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return http.ErrNotSupported
}

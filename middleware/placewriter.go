package middleware

import (
	"bufio"
	"net"
	"net/http"
	"runtime"
)

// placeWriter is the ResponseWriter of a handshake that has taken a place with
// LimitPerClient. Hijack hands the place on to the connection.
type placeWriter struct {
	http.ResponseWriter
	leave    func() // gives up the place; only the first call counts
	hijacked bool
}

// Unwrap lets http.ResponseController reach the writer below.
func (w *placeWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *placeWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, brw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	w.hijacked = true
	return newPlaceConn(conn, w.leave), brw, nil
}

// handlerDone runs when the handler has returned or panicked.
func (w *placeWriter) handlerDone() {
	if !w.hijacked {
		w.leave()
	}
}

// placeConn gives up the connection's place when it is closed.
type placeConn struct {
	net.Conn
	leave   func()
	dropped runtime.Cleanup
}

// newPlaceConn returns conn as one that has a CloseWrite if conn has one.
func newPlaceConn(conn net.Conn, leave func()) net.Conn {
	c := &placeConn{Conn: conn, leave: leave}
	// A handler that panics with the connection in hand never closes it: its socket is
	// closed when it is collected, and so goes its place.
	c.dropped = runtime.AddCleanup(c, func(leave func()) { leave() }, leave)
	if half, ok := conn.(halfCloser); ok {
		return struct {
			*placeConn
			halfCloser
		}{c, half}
	}
	return c
}

type halfCloser interface{ CloseWrite() error }

func (c *placeConn) Close() error {
	defer c.leave()
	return c.Conn.Close()
}

// Detach returns the connection itself and what to call when it has been closed. The
// contract is in LimitPerClient's documentation.
func (c *placeConn) Detach() (conn net.Conn, closed func()) {
	c.dropped.Stop()
	runtime.KeepAlive(c) // until Stop has been called
	return c.Conn, c.leave
}

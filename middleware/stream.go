package middleware

import (
	"cmp"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// streamConn is one HTTP/2 stream as a net.Conn: the request's body is what it reads,
// the response's body what it writes. What sets it apart from a TCP connection is
// documented at ExtendedConnect.
type streamConn struct {
	body          io.ReadCloser
	w             http.ResponseWriter
	rc            *http.ResponseController
	local, remote net.Addr

	readMu  sync.Mutex // one Read at a time: net/http wakes a single reader
	writeMu sync.Mutex // one Write at a time, and head
	head    *rawHead   // nil once the WebSocket is open

	reading, writing call
	sending          sendingSide

	closeBody sync.Once
}

// past is a deadline that net/http enforces at once.
var past = time.Unix(1, 0)

func newStreamConn(r *http.Request, w http.ResponseWriter) *streamConn {
	c := &streamConn{
		body:   r.Body,
		w:      w,
		rc:     http.NewResponseController(w),
		remote: streamAddr(r.RemoteAddr),
	}
	c.sending.ended = make(chan struct{})
	c.local, _ = r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	c.reading.interrupt = func() { c.rc.SetReadDeadline(past) }
	c.writing.interrupt = func() { c.rc.SetWriteDeadline(past) } // sends RST_STREAM: there is no other way
	return c
}

// clearDeadlines takes back what http.Server has set for requests.
func (c *streamConn) clearDeadlines() error {
	return cmp.Or(c.rc.SetReadDeadline(time.Time{}), c.rc.SetWriteDeadline(time.Time{}))
}

func (c *streamConn) Read(p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, nil // net/http's body would wait for data
	}
	c.readMu.Lock()
	defer c.readMu.Unlock()
	if err := c.reading.begin(); err != nil {
		return 0, err
	}
	n, err = c.body.Read(p)
	if c.sending.heard(p[:n], err) {
		c.endBoth()
	}
	return n, c.writing.reason(c.reading.end(err)) // a Write's deadline ends both sides
}

// Write returns once net/http has written p to the TCP connection, so it waits for
// the stream's window: that is the backpressure.
func (c *streamConn) Write(p []byte) (n int, err error) {
	c.writeMu.Lock()
	defer c.writeMu.Unlock()
	if err := c.writing.begin(); err != nil {
		return 0, err
	}
	n, err = c.write(p)
	return n, c.writing.end(err)
}

func (c *streamConn) write(p []byte) (int, error) {
	ours := 0 // bytes of p that belong to the head
	if c.head != nil {
		rest, complete, err := c.head.take(p)
		if err != nil {
			return 0, err
		}
		if complete {
			c.head = nil
		}
		if len(rest) == 0 {
			return len(p), nil
		}
		ours, p = len(p)-len(rest), rest
	}
	n, err := c.w.Write(p)
	if err == nil {
		err = c.rc.Flush()
	}
	return ours + n, err
}

// CloseWrite ends the sending side after what was written. What that does to the other is documented at
// ExtendedConnect.
func (c *streamConn) CloseWrite() error {
	c.writeMu.Lock()
	defer c.writeMu.Unlock()
	if err := c.writing.begin(); err != nil {
		return err
	}
	c.writing.end(nil)
	c.writing.close(errWriteClosed)
	if c.sending.close(c.endBoth) {
		c.endBoth()
	}
	return nil
}

// errWriteClosed is what Write returns after CloseWrite.
var errWriteClosed = errors.New("middleware.ExtendedConnect: write after CloseWrite")

// endBoth ends both sides after CloseWrite. To Read that is the peer's end: httputil.ReverseProxy, for one, returns only
// then, and END_STREAM leaves only when it has.
func (c *streamConn) endBoth() { c.end(io.EOF, errWriteClosed) }

// Close ends a Read and a Write that wait, and lets ExtendedConnect return.
func (c *streamConn) Close() error {
	c.end(net.ErrClosed, net.ErrClosed)
	return nil
}

// end ends both sides, of which Read and Write then return the errors, and lets ExtendedConnect return.
func (c *streamConn) end(read, write error) {
	c.reading.close(read)
	c.writing.close(write)
	c.closeBody.Do(func() { c.body.Close() }) // gives back the connection's window for what is unread
	c.sending.end()
}

// release ends both sides, unless CloseWrite has, and waits until no call is under way: from then on body and w are
// net/http's again.
func (c *streamConn) release() {
	if !c.sending.isClosed() {
		c.Close()
	}
	c.endBoth()
	c.readMu.Lock()
	defer c.readMu.Unlock()
	c.writeMu.Lock()
	defer c.writeMu.Unlock()
}

func (c *streamConn) SetReadDeadline(t time.Time) error  { return c.reading.setDeadline(t) }
func (c *streamConn) SetWriteDeadline(t time.Time) error { return c.writing.setDeadline(t) }
func (c *streamConn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

func (c *streamConn) LocalAddr() net.Addr  { return c.local }
func (c *streamConn) RemoteAddr() net.Addr { return c.remote }

// streamAddr is the request's RemoteAddr, whatever a middleware made of it.
type streamAddr string

func (a streamAddr) Network() string { return "tcp" }
func (a streamAddr) String() string  { return string(a) }

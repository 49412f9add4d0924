package h2dial

import (
	"context"
	"io"
	"net"
	"time"
)

// closePatience is how long a closed Conn waits for the server to end the stream.
const closePatience = 5 * time.Second

// Conn is the client's end of a stream. Its deadlines apply to Read alone.
type Conn struct {
	net.Conn // the near end of a pipe that receive fills: for Read, and for deadlines
	send     *io.PipeWriter
	reset    context.CancelFunc
	received chan struct{} // closed when receive has returned
	err      error         // what ended the stream, once received is closed; nil: END_STREAM
}

func newConn(body io.ReadCloser, send *io.PipeWriter, reset context.CancelFunc) *Conn {
	near, far := net.Pipe()
	c := &Conn{Conn: near, send: send, reset: reset, received: make(chan struct{})}
	go c.receive(body, far)
	return c
}

// receive passes on what arrives until the stream ends. After Close it drops it.
func (c *Conn) receive(body io.ReadCloser, far net.Conn) {
	_, c.err = io.Copy(far, body)
	if c.err == io.ErrClosedPipe { // Close
		defer time.AfterFunc(closePatience, c.reset).Stop()
		_, c.err = io.Copy(io.Discard, body)
	}
	close(c.received)
	far.Close()
	body.Close()
	c.reset()
}

// Read returns io.EOF after END_STREAM, and the http2.StreamError of a RST_STREAM.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err == io.EOF && c.err != nil { // far.Close comes after received
		err = c.err
	}
	return n, err
}

// Write returns when HTTP/2 has taken p.
func (c *Conn) Write(p []byte) (int, error) { return c.send.Write(p) }

// CloseWrite sends END_STREAM after what was written.
func (c *Conn) CloseWrite() error { return c.send.Close() }

// Close sends END_STREAM, drops what still arrives until the server ends the stream,
// and resets the stream if it does not.
func (c *Conn) Close() error {
	c.send.Close()
	return c.Conn.Close()
}

// Reset sends RST_STREAM(CANCEL). It may overtake what was written.
func (c *Conn) Reset() { c.reset() }

// Ended is closed when the server has ended the stream, or the stream was reset.
func (c *Conn) Ended() <-chan struct{} { return c.received }

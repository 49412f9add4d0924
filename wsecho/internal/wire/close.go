package wire

import (
	"fmt"
	"time"

	"example.com/wsecho/wsecho/internal/frame"
	"example.com/wsecho/wsecho/internal/socket"
)

// The connection's last steps, once End has set why (RFC 6455 section 7.1.1):
//
//	the queue leaves, our close frame last            closeOutput, flush, flusher
//	what still comes is dropped, up to the peer's     drain
//	our sending side is shut                          writeSideClosed
//	the Handler is told                               closed
//	what still comes is dropped, up to EOF            drain
//	the socket is closed                              finish
//
// The timer bounds it: CloseTimeout for all, lingerTime for what is left once both frames are through.
// A FIN or END_STREAM before the peer's close frame makes proxies and browsers lose ours, and messages
// before it (seen behind nginx, HAProxy and Caddy, in Chromium over HTTP/2 and in Firefox). Closing with
// unread bytes in the socket, or on their way, would send a reset, which does the same.

// lingerTime is how long the peer has to end its side once both close frames are through.
const lingerTime = time.Second

// closeOutput queues the close frame, if the end has one, and starts the time that the close may
// take. Nothing is queued after it, as end is set. Under mu, once.
func (c *Conn) closeOutput() {
	if c.end.Code != 0 && c.out.err == nil {
		c.out.q.add(frame.AppendClose(nil, c.end.Code, c.end.Reason))
	}
	c.out.unhold()
	c.out.pong = nil
	c.out.wakeWriters()
	c.endWithin(c.cfg.CloseTimeout)
	c.flush()
}

// discarder is the Buffer of a connection that is ending.
type discarder struct {
	frames frame.Skipper
	filled bool   // the last read took all that there was space for
	buf    []byte // pooled, between Space and Took
}

// Space is memory for the next bytes, see socket.Buffer.
func (d *discarder) Space(plain bool) []byte {
	if plain && !d.filled {
		d.buf = waitPool.Get().(*[waitSize]byte)[:]
	} else {
		d.buf = inPool.Get().(*[inSize]byte)[:]
	}
	return d.buf
}

// Took drops n bytes of the Space.
func (d *discarder) Took(n int) {
	d.filled = n == len(d.buf)
	d.frames.Skip(d.buf[:n])
	freeBuffer(d.buf)
	d.buf = nil
}

// drain reads and drops what the peer still sends, closes the connection, and with it the connection's part
// of the end. rest has skipped what had been read before.
func (c *Conn) drain(rest *discarder) {
	rd := socket.NewReader(&c.sock, rest, true)
	c.clearInterrupt() // or it would end the first read
	for parted := false; ; {
		if rest.frames.Done && !parted {
			parted = true
			c.part()
		}
		if n, err := rd.Read(true); n == 0 && err != nil {
			break
		}
	}
	rd.Free()
	c.finish()
}

// part notes that the peer's close frame is in, or that none will be found. If ours has left, that is all
// that the Handler waits for.
func (c *Conn) part() {
	c.mu.Lock()
	c.peerDone = true
	c.flush()
	through := !c.out.flushing && (c.out.shut || c.out.err != nil)
	if through {
		c.endWithin(lingerTime)
	}
	c.mu.Unlock()
	if through {
		c.closed()
	}
}

// shutsWhenSent says whether the sending side is shut as soon as the queue is empty. Under mu.
func (c *Conn) shutsWhenSent() bool {
	return c.end != nil && (c.peerDone || c.cfg.CloseTimeout < 0)
}

// writeSideClosed notes that the sending side is shut. If that has left the other side open, the peer may still
// send on it, and end it; if not, or if the peer is not waited for, the connection is over. Under mu.
func (c *Conn) writeSideClosed(halfOpen bool) {
	switch {
	case c.abandoned:
	case halfOpen && c.cfg.CloseTimeout >= 0:
		c.endWithin(lingerTime)
	default:
		c.giveUp()
		c.sock.StopReading()
	}
}

// closed tells the Handler, once, that its connection is no longer open.
func (c *Conn) closed() {
	c.mu.Lock()
	told := c.told
	c.told = true
	c.mu.Unlock()
	if !told {
		c.handler.Closed()
	}
}

// finish closes the socket. What is queued may still leave: the peer may have shut one side only.
func (c *Conn) finish() {
	sent := c.flushed()
	c.sock.Close(!sent)
	c.stopTimer()
	c.closed()
}

// flushed waits until the queue is gone, one way or the other, and says whether it was sent.
func (c *Conn) flushed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.peerDone = true
	c.flush()
	for c.out.flushing && !c.abandoned {
		room := c.out.awaitRoom()
		c.mu.Unlock()
		<-room
		c.mu.Lock()
	}
	if c.abandoned {
		return false
	}
	c.giveUp()
	return true
}

// broken notes that a write has failed. That names no cause: the reader goes on, and may still find
// the peer's last messages, its close frame or EOF. Should it find nothing, the timer ends the
// connection. Under mu.
func (c *Conn) broken(err error) {
	c.out.err = &endedError{c, fmt.Errorf("connection lost: %w", err)}
	c.out.discard()
	c.endWithin(c.cfg.CloseTimeout)
}

// abandon gives up a connection that is ending, and wakes whoever waits on the socket. Under mu.
func (c *Conn) abandon() {
	if !c.abandoned {
		c.giveUp()
		c.sock.StopAll()
	}
}

// giveUp notes that nothing more is delivered, and no deadline set. Under mu.
func (c *Conn) giveUp() {
	c.abandoned = true
	if c.out.q.n > 0 {
		c.sock.NoLinger()
	}
	c.out.unhold()
	c.out.discard()
}

// abortGrace is what a connection that only its flusher may write to gets for its close frame, and for the end of
// its sending side: over HTTP/2 that takes middleware.ExtendedConnect 300 ms, if the peer does not answer, and
// what is cut before is a reset without it.
const abortGrace = 500 * time.Millisecond

// Abort closes a connection that is ending now: its close frame leaves if the socket takes it at once.
func (c *Conn) Abort() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.abort()
}

// abort is Abort under mu.
func (c *Conn) abort() {
	c.peerDone = true // it is not waited for
	c.flush()
	if c.out.flushing && !c.sock.Raw() && !c.abandoned {
		c.endWithin(abortGrace)
	} else {
		c.abandon()
	}
}

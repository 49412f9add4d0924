package wire

import (
	"errors"
	"os"
	"time"
)

const (
	holdTime = time.Millisecond // that a reply may wait for company
	holdMax  = 15 << 10         // bytes that may wait so; a small reply more still fits their chunk
)

// output is what waits to be written. All of it is under Conn.mu.
type output struct {
	q        queue         // whole frames, but for the start of the first, which may have left
	held     bool          // more input is at hand: replies wait for company
	flushing bool          // the flusher lives: nobody else touches the socket's sending side
	shut     bool          // the sending side is shut down, or about to be
	timer    *time.Timer   // ends the hold; made at the first
	err      *endedError   // once a write has failed: nothing more is sent
	room     chan struct{} // closed when bytes have left, or never will
	pong     *[]byte       // the payload of a pong that waits for room; nil: none does
	sent     int64         // bytes that have left
	writeBy  time.Duration // the flusher's write deadline, on the clock of now; 0: none

	messages, bytes uint64 // queued by Write and TryWrite
}

func (o *output) count(n int) {
	o.messages++
	o.bytes += uint64(n)
}

// exceeds says whether n more bytes do not fit beside what waits. A message always fits an empty queue; a
// negative limit is none.
func (o *output) exceeds(n, limit int) bool {
	return limit > 0 && o.q.n > 0 && o.q.n+n > limit
}

// took takes n bytes off the queue, which the socket has taken.
func (o *output) took(n int) {
	o.sent += int64(n)
	o.q.advance(n)
	if n > 0 {
		o.wakeWriters()
	}
}

// discard forgets what waits. Its chunks are not given back: the flusher may be writing from one.
func (o *output) discard() {
	o.q, o.pong = queue{}, nil
	o.wakeWriters()
}

// unhold ends the hold.
func (o *output) unhold() {
	o.held = false
	if o.timer != nil {
		o.timer.Stop()
	}
}

// awaitRoom returns a channel that the next wakeWriters closes.
func (o *output) awaitRoom() <-chan struct{} {
	if o.room == nil {
		o.room = make(chan struct{})
	}
	return o.room
}

// wakeWriters lets those who wait for room, or for the queue to be gone, look again.
func (o *output) wakeWriters() {
	if o.room != nil {
		close(o.room)
		o.room = nil
	}
}

// hold makes replies wait for company until endHold.
func (c *Conn) hold() {
	c.mu.Lock()
	c.out.held = c.end == nil
	c.mu.Unlock()
}

func (c *Conn) endHold() {
	c.mu.Lock()
	c.out.unhold()
	c.flush()
	c.mu.Unlock()
}

// flushOrHold sees to it that what is in the queue leaves: now, or when the hold ends. Under mu.
func (c *Conn) flushOrHold(wasEmpty bool) {
	o := &c.out
	switch {
	case !o.held || o.q.n >= holdMax:
		c.flush()
	case !wasEmpty: // the hold's timer runs
	case o.timer == nil:
		o.timer = time.AfterFunc(holdTime, c.flushHeld)
	default:
		o.timer.Reset(holdTime)
	}
}

// flushHeld is the hold's timer: a slow hook must not delay what it wrote before.
func (c *Conn) flushHeld() {
	c.mu.Lock()
	c.flush()
	c.mu.Unlock()
}

// flush writes what the socket takes at once; a flusher waits for the rest. Once the connection is ending,
// the queue is empty and the peer is done, the sending side is shut. Under mu.
func (c *Conn) flush() {
	o := &c.out
	shuts := c.shutsWhenSent()
	if o.flushing || o.shut || o.err != nil || c.abandoned || !c.writeQueue(shuts) {
		return
	}
	switch {
	case o.q.n > 0:
		o.flushing = true
		go c.flusher()
	case !shuts:
	case c.sock.Raw():
		o.shut = true
		c.writeSideClosed(c.sock.CloseWrite())
	default: // closing a TLS connection's side may wait
		o.flushing = true
		go c.flusher()
	}
}

// writeQueue writes what a raw socket takes at once, and says whether the socket is fit for more. A more
// that is true says that what follows does so at once. Under mu.
func (c *Conn) writeQueue(more bool) bool {
	for c.sock.Raw() && c.out.q.n > 0 {
		p, others := c.out.q.head()
		n, err := c.sock.TryWrite(p, more || others)
		c.out.took(n)
		if err != nil {
			c.broken(err)
			return false
		}
		if n < len(p) {
			break
		}
	}
	return true
}

// flusher waits for a slow socket, and for any plain one, until the queue is empty, and shuts the sending
// side if it is time to. It lives no longer than that, and the write deadline is its alone.
func (c *Conn) flusher() {
	c.mu.Lock()
	c.flushQueue()
	shut := c.shutsWhenSent() && !c.out.shut && !c.abandoned && c.out.err == nil
	if shut {
		c.out.shut = true
		c.mu.Unlock()
		halfOpen := c.sock.CloseWrite()
		c.mu.Lock()
		c.writeSideClosed(halfOpen)
	}
	c.out.flushing = false
	c.out.wakeWriters()
	c.mu.Unlock()
	if shut {
		c.closed()
	}
}

// writeOverdue says whether the flusher's deadline has passed: any other that has was set by somebody else.
// Under mu.
func (c *Conn) writeOverdue() bool { return c.out.writeBy > 0 && c.now() >= c.out.writeBy }

// flushQueue waits until the queue is empty or cannot be sent. Under mu, which it lets go while it waits.
func (c *Conn) flushQueue() {
	o := &c.out
	overdue := false // our deadline has passed once: a TLS stream is broken then, and its next write fails at once
	for o.q.n > 0 && !c.abandoned {
		p, _ := o.q.head()
		if t := c.cfg.WriteTimeout; t > 0 {
			o.writeBy = c.now() + t
			c.sock.SetWriteDeadline(time.Now().Add(t))
		}
		before := 0
		if c.sock.Raw() { // each message of a plain conn comes here: it is not to cost a look into the kernel
			before = c.sock.Unacked()
		}
		c.mu.Unlock()
		n, err := c.sock.WriteSome(p)
		if n > 0 && c.sock.Raw() {
			c.alive.Store(true) // the socket was full, so the peer has read: that is life too
		}
		c.mu.Lock()
		if c.abandoned {
			return
		}
		o.took(n)
		c.pongWaiting()
		timeout := errors.Is(err, os.ErrDeadlineExceeded)
		overdue = overdue || timeout && c.writeOverdue()
		switch {
		case err == nil:
		case !timeout || !overdue:
			c.broken(err)
			return
		case n > 0 || c.sock.Unacked() < before: // progress
		default:
			c.mu.Unlock()
			c.End(writeTimeout)
			c.mu.Lock()
			c.abandon()
			return
		}
	}
	if !c.abandoned {
		o.writeBy = 0
		c.sock.SetWriteDeadline(time.Time{})
	}
	c.pingLeft()
}

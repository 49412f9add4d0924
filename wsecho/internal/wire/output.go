package wire

import (
	"errors"
	"os"
	"time"
)

const (
	holdTime = time.Millisecond // that a reply may wait for company
	holdMax  = 15 << 10         // bytes of it; a small reply more still fits their chunk
)

// output is what waits to be written. All of it is under Conn.mu.
type output struct {
	q        queue         // whole frames, but for the start of the first, which may have left
	held     bool          // more input is at hand: replies wait for company
	timer    *time.Timer   // ends that wait; made at the first
	flushing bool          // the flusher lives: nobody else touches the socket's sending side
	shut     bool          // the sending side is shut down, or about to be
	err      error         // *EndedError once a write has failed: nothing more is sent
	room     chan struct{} // closed when bytes have left, or never will
	sent     int64         // bytes that have left

	messages, bytes uint64 // queued by Write and TryWrite
}

func (o *output) count(n int) {
	o.messages++
	o.bytes += uint64(n)
}

// took takes n bytes off the queue, which the socket has taken.
func (o *output) took(n int) {
	o.sent += int64(n)
	o.q.gone(n)
	if n > 0 {
		o.wakeWriters()
	}
}

// drop forgets what waits. Its chunks are not given back: the flusher may be writing from one.
func (o *output) drop() {
	o.q = queue{}
	o.wakeWriters()
}

func (o *output) unhold() {
	o.held = false
	if o.timer != nil {
		o.timer.Stop()
	}
}

// nextRoom is closed by the next wakeWriters.
func (o *output) nextRoom() <-chan struct{} {
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

// settle sees to it that what is in the queue leaves: now, or when the hold ends. first: the queue
// was empty before. Under mu.
func (c *Conn) settle(first bool) {
	o := &c.out
	switch {
	case !o.held || o.q.n >= holdMax:
		c.flush()
	case !first:
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

// flush writes what the socket takes at once; a flusher waits for the rest, and behind the close frame shuts
// the sending side. Under mu.
func (c *Conn) flush() {
	o := &c.out
	if o.flushing || o.shut || o.err != nil || c.dead || !c.writeQueue(c.end != nil) {
		return
	}
	switch {
	case o.q.n > 0:
		o.flushing = true
		go c.flusher()
	case c.end == nil:
	case c.sock.Raw():
		o.shut = true
		c.sideShut(c.sock.CloseWrite())
	default: // closing a TLS connection's side may wait
		o.shut, o.flushing = true, true
		go c.flusher()
	}
}

// writeQueue writes what a raw socket takes at once, and says whether the socket is fit for more. more: what
// follows does so at once. Under mu.
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

// flusher waits for a slow socket, and for any plain one, until the queue is empty; after the close
// frame it shuts the sending side. It lives no longer than that, and the write deadline is its alone.
func (c *Conn) flusher() {
	o := &c.out
	c.mu.Lock()
	defer c.mu.Unlock()
	for o.q.n > 0 && !c.dead {
		p, _ := o.q.head()
		if t := c.cfg.WriteTimeout; t > 0 {
			c.sock.SetWriteDeadline(time.Now().Add(t))
		}
		before := c.sock.Unacked()
		c.mu.Unlock()
		n, err := c.sock.WriteSome(p)
		if n > 0 && c.sock.Raw() {
			c.alive.Store(true) // the socket was full, so the peer has read: that is life too
		}
		c.mu.Lock()
		if c.dead {
			break
		}
		o.took(n)
		if errors.Is(err, os.ErrDeadlineExceeded) && (n > 0 || c.sock.Unacked() < before) {
			continue // progress; over TLS, whose stream that has broken, the next write fails at once
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			c.mu.Unlock()
			c.End(writeTimeout)
			c.mu.Lock()
			c.lose()
			break
		}
		if err != nil {
			c.broken(err)
			break
		}
	}
	o.flushing = false
	c.keep.pingLeft(c.now() + c.cfg.PongTimeout)
	if !c.dead {
		c.sock.SetWriteDeadline(time.Time{})
		if c.end != nil && o.err == nil {
			o.flushing, o.shut = true, true
			c.mu.Unlock()
			alone := c.sock.CloseWrite()
			c.mu.Lock()
			o.flushing = false
			c.sideShut(alone)
		}
	}
	o.wakeWriters()
}

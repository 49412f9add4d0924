package wire

import (
	"errors"
	"os"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho/internal/frame"
	"example.com/wsecho/wsecho/internal/socket"
)

// next is what is left for the reader to do when it has stopped to hand messages over.
type next int

const (
	nextGoexit next = iota // the Handler ended this goroutine (runtime.Goexit): the connection needs its end
	nextPark               // nothing: the connection is parked, or has another reader already
	nextDrain              // the connection's part of the end; the Handler's has a goroutine
	nextEnded              // the Handler's part; the connection's has a goroutine
	nextFinish             // the connection's part, and there is nothing to read any more
)

// read is the reader: the goroutine that reads and hands messages over, from the start or a wake to the
// next park or the end.
func (c *Conn) read(woken bool) {
	what := nextGoexit
	defer func() {
		if what == nextGoexit {
			c.in.publish(&c.received)
			c.End(Goexit)
			go c.handler.Ended(c.end)
		}
	}()
	c.woken = woken
	what = c.readMessages()
	switch what {
	case nextDrain:
		c.in.mark()
		rest := c.in.rest()
		c.in.discard()
		c.drain(rest)
	case nextEnded:
		c.discardInput()
		c.handler.Ended(c.end)
	case nextFinish:
		c.in.discard()
		c.finish()
	}
}

// readMessages reads and hands messages over for as long as there are any.
func (c *Conn) readMessages() next {
	rd := socket.NewReader(&c.sock, &c.in, c.cfg.Brief)
	defer rd.Free()
	for n := 0; ; {
		c.in.mark()
		if !c.phase.CompareAndSwap(reading, working) { // End came while it waited
			return nextDrain
		}
		if n > 0 {
			c.alive.Store(true) // before the messages of what came, which may take longer than PongTimeout
		}
		end := c.handleBuffered()
		if n > 0 {
			c.alive.Store(true) // again, as what a slow Message kept from being read counts too
		}
		if !c.phase.CompareAndSwap(working, reading) { // End came meanwhile
			return nextEnded
		}
		if end != nil {
			c.End(end)
			return nextDrain
		}
		c.in.release()
		if c.woken && c.in.busy { // a message came; a pong alone buys no goroutine for seconds
			c.woken, c.in.busy = false, false
			c.scheduleParkCheck()
		}
		var err error
		switch n, err = c.wait(rd); err {
		case nil:
		case errIdle:
			if c.sock.Park(c.cfg.Lot, (*waker)(c)) {
				return nextPark
			}
			c.woken = false
			c.scheduleParkCheck() // again: descriptors may be short for a time
		default:
			c.End(c.failed(err))
			return nextFinish
		}
	}
}

// failed returns the end by err, a read's. Over HTTP/2 a write that times out ends the reads too, and is
// the cause then; any other deadline was set by somebody else.
func (c *Conn) failed(err error) *End {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.out.flushing && c.writeOverdue() {
			return writeTimeout
		}
	}
	return Lost(err)
}

// waker is a parked Conn.
type waker Conn

// Wake runs the reader again.
func (w *waker) Wake() { (*Conn)(w).read(true) }

// errIdle is wait's error when nothing has come for long enough to park.
var errIdle = errors.New("wsecho: idle")

// wait waits for bytes and says how many came. A connection that has just been woken does not wait. One
// that the timer has asked whether its goroutine can be spared (scheduleParkCheck) says no if some of a
// message has come since it was last asked.
func (c *Conn) wait(rd *socket.Reader) (int, error) {
	n, err := rd.Read(!c.woken)
	switch {
	case n > 0:
		c.in.arrived(n)
		return n, nil // an error comes again
	case err == socket.ErrNotReady:
		return 0, errIdle
	case !errors.Is(err, os.ErrDeadlineExceeded) || !c.clearInterrupt():
		return 0, err
	case c.in.busy:
		c.in.busy = false
		c.scheduleParkCheck()
		return 0, nil
	}
	return 0, errIdle
}

// handleBuffered deals with all that is in the buffer, and returns the end that it calls for, if any. While
// it lasts, replies wait for company.
func (c *Conn) handleBuffered() (end *End) {
	held := false
	for c.phase.Load() != ended {
		op, p, err := c.in.next()
		if err != nil {
			end = wrong(err)
			break
		}
		if op == 0 {
			break
		}
		if c.timing && !c.in.open {
			c.clearBegun()
		}
		if !held && c.in.more() {
			held = true
			c.hold()
		}
		switch op {
		case frame.Ping:
			c.pong(p)
		case frame.Pong:
			c.ponged()
		case frame.Close:
			end = peerClosed(p)
		default:
			c.message(websocket.MessageType(op), p)
		}
		if end != nil {
			break
		}
	}
	if end != nil {
		c.in.final = end.peerDone
	}
	c.in.publish(&c.received)
	if held && end == nil {
		c.endHold()
	}
	if c.in.partial() && !c.timing {
		c.timing = true
		c.begun.Store(int64(max(c.now(), 1)))
	}
	return end
}

// clearBegun notes that what began to come is whole: ReadTimeout does not run while a Message does.
func (c *Conn) clearBegun() {
	c.timing = false
	c.begun.Store(0)
}

// message hands one message over.
func (c *Conn) message(typ websocket.MessageType, p []byte) {
	if c.phase.Load() == ended { // while it was inflated or checked
		return
	}
	c.in.count(len(p))
	if !c.in.more() { // Message may take long
		c.in.publish(&c.received)
	}
	c.handler.Message(typ, p)
}

// discardInput gives back what the input holds, once End may have looked at it for the last time.
func (c *Conn) discardInput() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.in.discard()
}

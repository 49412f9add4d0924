package middleware

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// call is one side of a stream, reading or writing, of which one call at a time may
// be under way. Its deadline, unlike net/http's, ends nothing but a call that waits:
// handlers leave a write deadline behind after every message, and net/http would
// reset a stream that is merely idle when it passes.
//
// interrupt is called with mu held and only while a call is under way, so not once
// the stream has been released.
type call struct {
	interrupt func() // ends the call under way, and with it all later ones

	mu       sync.Mutex
	underWay bool
	deadline time.Time   // zero: none
	timer    *time.Timer // set while a call is under way and there is a deadline
	timedOut bool        // a call was interrupted by the deadline
	closed   error       // what calls return from now on: net.ErrClosed, or why this side has ended before Close; nil: none
}

// begin starts a call. It fails if the call would have to be interrupted at once.
func (c *call) begin() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed != nil:
		return c.closed
	case c.timedOut, c.deadlinePassed():
		return os.ErrDeadlineExceeded
	}
	c.underWay = true
	c.arm()
	return nil
}

// end ends the call and returns its error, or why it was interrupted.
func (c *call) end(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.underWay = false
	c.disarm()
	if c.closed != nil && err != nil && err != io.EOF {
		return c.closed
	}
	return c.timeout(err)
}

// reason returns err, or os.ErrDeadlineExceeded if a call on this side timed out and
// so brought err about on the other.
func (c *call) reason(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == net.ErrClosed {
		return err
	}
	return c.timeout(err)
}

func (c *call) timeout(err error) error {
	if c.timedOut && err != nil && err != io.EOF {
		return os.ErrDeadlineExceeded
	}
	return err
}

// setDeadline sets the deadline of the call under way and of those to come.
func (c *call) setDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed == net.ErrClosed {
		return net.ErrClosed
	}
	c.deadline = t
	if c.underWay {
		c.disarm()
		c.arm()
	}
	return nil
}

// close interrupts the call under way and lets no other begin: they return err. After net.ErrClosed a
// second close changes nothing.
func (c *call) close(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed != net.ErrClosed {
		c.closed = err
	}
	if c.underWay {
		c.interrupt()
	}
}

// arm and disarm are called with mu held.
func (c *call) arm() {
	switch {
	case c.deadline.IsZero():
	case c.deadlinePassed():
		c.expire()
	default:
		c.timer = time.AfterFunc(time.Until(c.deadline), func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			// The timer may have fired while another deadline was being set.
			if c.underWay && c.deadlinePassed() {
				c.expire()
			}
		})
	}
}

func (c *call) disarm() {
	if c.timer != nil {
		c.timer.Stop()
		c.timer = nil
	}
}

func (c *call) expire() {
	if !c.timedOut {
		c.timedOut = true
		c.interrupt()
	}
}

func (c *call) deadlinePassed() bool {
	return !c.deadline.IsZero() && !time.Now().Before(c.deadline)
}

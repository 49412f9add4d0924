package wire

import (
	"errors"
	"math"
	"time"
)

// The connection's one timer pings, sees that the peer stays silent, takes nothing or does not come to the
// end of a message, has the reader asked whether its goroutine can be spared, and ends a close that takes too
// long. No goroutine waits for it.

// clock is when the clock of all connections began: to know when each opened takes them eight bytes, and would
// take 24 by time.Time.
var clock = time.Now()

// now returns how long the connection has been open: the time by which the timer goes.
func (c *Conn) now() time.Duration { return time.Since(clock) - c.opened }

// setTimer sets the timer. Under mu.
func (c *Conn) setTimer(d time.Duration) {
	if c.timer == nil {
		c.timer = time.AfterFunc(d, c.onTick)
	} else {
		c.timer.Reset(d)
	}
}

// setTimerToFirst sets the timer to whatever comes first. Under mu.
func (c *Conn) setTimerToFirst(now time.Duration) {
	if at := c.keep.first(); at > 0 {
		c.setTimer(at - now)
	}
}

// startTimer starts the timer, in Init. Under mu.
func (c *Conn) startTimer() {
	c.keep.pingAt = max(c.cfg.PingInterval, 0)
	c.keep.readAt = max(c.cfg.ReadTimeout, 0)
	if c.sock.CanPark() {
		c.keep.parkAt = c.cfg.ParkAfter
	}
	c.setTimerToFirst(0)
}

// stopTimer is the timer's end: the connection is gone.
func (c *Conn) stopTimer() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timer != nil {
		c.timer.Stop()
	}
}

// defaultCloseTimeout bounds a close where neither CloseTimeout nor WriteTimeout does.
const defaultCloseTimeout = 5 * time.Second

// endWithin sets the time for the connection's end, never later than it was set before. A negative d says
// that the peer is not waited for, only the queue, which is no matter if nothing can be sent any more. Under mu.
func (c *Conn) endWithin(d time.Duration) {
	switch t := c.cfg.WriteTimeout; {
	case d >= 0:
	case c.out.err != nil:
		d = 0
	case t > 0:
		d = t
	default: // or a close might never end
		d = defaultCloseTimeout
	}
	now := c.now()
	d = min(d, math.MaxInt64-now)
	if at := max(now+d, 1); c.keep.endBy == 0 || at < c.keep.endBy {
		c.keep.endBy = at
	}
	c.setTimer(c.keep.endBy - now)
}

// scheduleParkCheck has the reader asked, some time from now, whether its goroutine can be spared: see wait.
func (c *Conn) scheduleParkCheck() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.end == nil {
		now := c.now()
		c.keep.parkAt = now + c.cfg.ParkAfter
		c.setTimerToFirst(now)
	}
}

// clearInterrupt takes the question back, and says whether it stood: else the connection is given up, which
// interrupts a read too.
func (c *Conn) clearInterrupt() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.keep.interrupted || c.abandoned {
		return false
	}
	c.keep.interrupted = false
	c.sock.Resume()
	return true
}

// onTick is the timer's function. Each of its cases rules the later ones out.
func (c *Conn) onTick() {
	c.mu.Lock()
	var e *End
	remaining := c.keep.endBy - c.now()
	switch {
	case c.abandoned:
	case remaining > 0: // a tick that was under way when the end began
		c.setTimer(remaining)
	case c.end != nil: // the close has taken too long
		c.abandonUnacked()
	case c.out.err != nil: // a write failed, and the reader found no cause
		e = Lost(errors.Unwrap(c.out.err.err)) // which says the same
	default:
		e = c.doDue()
	}
	c.mu.Unlock()
	if e != nil {
		c.End(e)
	}
}

// abandonUnacked abandons the connection, and does not let the kernel try for minutes to deliver what a peer
// that has gone does not take. Under mu.
func (c *Conn) abandonUnacked() {
	if c.sock.Unacked() > 0 {
		c.sock.NoLinger()
	}
	c.abandon()
}

// doDue does what it is time for. It returns an end if the peer has failed to do what it was given time for.
// Under mu.
func (c *Conn) doDue() *End {
	k, now := &c.keep, c.now()
	due := func(at time.Duration) bool { return at > 0 && now >= at }
	if due(k.pongBy) {
		switch k.judge(c.observe()) {
		case verdictDead:
			if c.sock.Unacked() > 0 { // as in abandonUnacked
				c.sock.NoLinger()
			}
			return pongTimeout
		case verdictUnclear:
			k.pongBy = now + c.cfg.PongTimeout
		case verdictAlive:
			k.pongBy = 0
		}
	}
	if due(k.readAt) {
		begun := time.Duration(c.begun.Load())
		switch {
		case begun == 0:
			k.readAt = now + c.cfg.ReadTimeout
		case now < begun+c.cfg.ReadTimeout:
			k.readAt = begun + c.cfg.ReadTimeout
		default:
			return readTimeout
		}
	}
	if due(k.stallBy) {
		k.stallBy = 0
		if c.sock.Unacked() > 0 && c.acked() <= k.stalled {
			c.sock.NoLinger()
			return writeTimeout
		}
	}
	if due(k.pingAt) {
		k.pingAt = now + c.cfg.PingInterval
		c.watchKernel(now)
		c.judgedPing(now)
	}
	if due(k.parkAt) {
		k.parkAt, k.interrupted = 0, true
		c.sock.Interrupt()
	}
	c.setTimerToFirst(now)
	return nil
}

// watchKernel sees to it that bytes which have left for the kernel do not escape WriteTimeout: if the peer's
// has not taken all, the connection looks again whether it has taken any. Under mu.
func (c *Conn) watchKernel(now time.Duration) {
	if k := &c.keep; c.cfg.WriteTimeout > 0 && k.stallBy == 0 && c.sock.Unacked() > 0 {
		k.stallBy, k.stalled = now+c.cfg.WriteTimeout, c.acked()
	}
}

// judgedPing sends a ping, on which there will be a verdict unless an earlier one still waits for its own.
// Under mu.
func (c *Conn) judgedPing(now time.Duration) {
	k := &c.keep
	judged := c.cfg.PongTimeout > 0 && (k.pongBy == 0 || c.alive.Load())
	if judged {
		c.alive.Store(false)
		k.pongBy = now + c.cfg.PongTimeout
		if c.sock.Raw() {
			unread, _ := c.sock.Unread()
			k.unread = int32(unread)
		}
	}
	c.ping()
	if judged || c.cfg.PongTimeout < 0 { // else an earlier one waits for its verdict, which this is not to put off
		k.queued = true
	}
	if judged {
		k.behind = false
		k.pinged, k.acked = c.out.sent+int64(c.out.q.n), c.acked()
	}
	if c.out.q.n == 0 {
		c.pingLeft()
	}
}

// pingLeft notes that the queue is empty, and with it a ping that was in it has left. Under mu.
func (c *Conn) pingLeft() {
	now := c.now()
	c.keep.pingLeft(now, now+c.cfg.PongTimeout)
}

// observe gathers what is known of a peer whose pong is due. Under mu.
func (c *Conn) observe() observed {
	o := observed{
		alive:    c.alive.Load(),
		flushing: c.out.flushing && c.cfg.WriteTimeout > 0,
		working:  c.phase.Load() == working,
		raw:      c.sock.Raw(),
		local:    c.sock.Local(),
	}
	if o.raw && !o.alive && !o.flushing {
		o.unread, o.full = c.sock.Unread()
		o.acked = c.acked()
	}
	return o
}

// acked returns how many bytes of ours the peer's kernel has taken. Under mu.
func (c *Conn) acked() int64 { return c.out.sent - int64(c.sock.Unacked()) }

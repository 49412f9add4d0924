package wire

import (
	"math"
	"time"
)

// The connection's one timer pings, sees that the peer stays silent, has the reader asked whether its
// goroutine can be spared, and ends a close that takes too long. No goroutine waits for it.

// alarm sets the timer. Under mu.
func (c *Conn) alarm(d time.Duration) {
	if c.tick == nil {
		c.tick = time.AfterFunc(d, c.onTick)
	} else {
		c.tick.Reset(d)
	}
}

// now is the time on the timer's clock.
func (c *Conn) now() time.Duration { return time.Since(c.opened) }

// next sets the timer to whatever comes first. Under mu.
func (c *Conn) next(now time.Duration) {
	if at := c.keep.first(); at > 0 {
		c.alarm(at - now)
	}
}

// startTimer starts it, in Init. Under mu.
func (c *Conn) startTimer() {
	c.keep.pingAt = max(c.cfg.PingInterval, 0)
	if c.sock.CanPark() {
		c.keep.parkAt = c.cfg.ParkAfter
	}
	c.next(0)
}

// stopTimer is its end: the connection is gone.
func (c *Conn) stopTimer() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tick != nil {
		c.tick.Stop()
	}
}

// endWithin sets the time for the connection's end, never later than it was set before. Negative: the
// peer is not waited for, only the queue, which is no matter if nothing can be sent any more. Under mu.
func (c *Conn) endWithin(d time.Duration) {
	switch t := c.cfg.WriteTimeout; {
	case d >= 0:
	case c.out.err != nil:
		d = 0
	case t > 0:
		d = t
	default: // or a close might never end
		d = DefaultCloseTimeout
	}
	now := c.now()
	d = min(d, math.MaxInt64-now)
	if at := max(now+d, 1); c.keep.endBy == 0 || at < c.keep.endBy {
		c.keep.endBy = at
	}
	c.alarm(c.keep.endBy - now)
}

// askToPark has the reader asked, some time from now, whether its goroutine can be spared: see wait.
func (c *Conn) askToPark() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.end == nil {
		now := c.now()
		c.keep.parkAt = now + c.cfg.ParkAfter
		c.next(now)
	}
}

// answered takes the question back, and says whether it stood: else the connection is given up, which
// interrupts a read too.
func (c *Conn) answered() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.keep.asked || c.dead {
		return false
	}
	c.keep.asked = false
	c.sock.Resume()
	return true
}

// onTick is the timer's function. Each of its cases rules the later ones out.
func (c *Conn) onTick() {
	c.mu.Lock()
	var e *End
	left := c.keep.endBy - c.now()
	switch {
	case c.dead:
	case left > 0: // a tick that was under way when the end began
		c.alarm(left)
	case c.end != nil: // CloseTimeout is over
		c.lose()
	case c.out.err != nil: // a write failed, and the reader found no cause
		e = Lost(c.out.err.(*EndedError).err)
	case !c.beat():
		e = pongTimeout
	}
	c.mu.Unlock()
	if e != nil {
		c.End(e)
	}
}

// beat does what it is time for, and says whether the peer may still be alive. Under mu.
func (c *Conn) beat() bool {
	k, now := &c.keep, c.now()
	if k.pongBy > 0 && now >= k.pongBy {
		switch k.judge(c.observe()) {
		case dead:
			return false
		case unclear:
			k.pongBy = now + c.cfg.PongTimeout
		case living:
			k.pongBy = 0
		}
	}
	if k.pingAt > 0 && now >= k.pingAt {
		k.pingAt = now + c.cfg.PingInterval
		judged := c.cfg.PongTimeout > 0 && (k.pongBy == 0 || c.alive.Load())
		if judged {
			c.alive.Store(false)
			k.pongBy = now + c.cfg.PongTimeout
			if c.sock.Raw() {
				k.unread, _ = c.sock.Unread()
			}
		}
		c.ping()
		if judged {
			k.queued, k.behind = true, false
			k.pinged, k.acked = c.out.sent+int64(c.out.q.n), c.acked()
		}
		if c.out.q.n == 0 {
			k.pingLeft(c.now() + c.cfg.PongTimeout)
		}
	}
	if k.parkAt > 0 && now >= k.parkAt {
		k.parkAt, k.asked = 0, true
		c.sock.Interrupt()
	}
	c.next(now)
	return true
}

// observe gathers what is known of the peer. Under mu.
func (c *Conn) observe() observed {
	o := observed{
		alive:    c.alive.Load(),
		flushing: c.out.flushing && c.cfg.WriteTimeout > 0,
		working:  c.phase.Load() == working,
		raw:      c.sock.Raw(),
	}
	if o.raw && !o.alive && !o.flushing {
		o.unread, o.full = c.sock.Unread()
		o.acked = c.acked()
	}
	return o
}

// acked is how many bytes of ours the peer's kernel has taken. Under mu.
func (c *Conn) acked() int64 { return c.out.sent - int64(c.sock.Unacked()) }

package wsecho

import (
	"math"
	"sync/atomic"
	"time"
)

// keepalive is the session's one timer. It pings, sees that the peer stays silent, lets a quiet
// session park, and ends a close that takes too long. No goroutine waits for it. Its times are since
// the session opened, 0 for never. All but alive is under Session.mu.
type keepalive struct {
	timer  *time.Timer
	alive  atomic.Bool   // a byte came, or the peer took some, since the ping that waits for an answer
	pingAt time.Duration // the next ping
	pongBy time.Duration // the verdict on a ping that waits for an answer
	parkAt time.Duration // the session's goroutine is asked whether it can be spared
	endBy  time.Duration // the connection's end
	asked  bool          // that question stands: the socket's read deadline is in the past

	// The ping that pongBy is for.
	queued bool  // it has not left yet
	behind bool  // at the last verdict it had not arrived, and the peer was taking what lies before it
	unread int   // bytes of the peer's that no one had read when it was sent
	pinged int64 // bytes of ours, up to and with it
	acked  int64 // how many of ours the peer's kernel had taken, when last looked at
}

// alarm sets the timer. Under Session.mu.
func (k *keepalive) alarm(s *Session, d time.Duration) {
	if k.timer == nil {
		k.timer = time.AfterFunc(d, s.tick)
	} else {
		k.timer.Reset(d)
	}
}

// endWithin sets the time for the connection's end, never later than it was set before. Negative: the
// peer is not waited for, only the queue, which is no matter if nothing can be sent any more. Under Session.mu.
func (k *keepalive) endWithin(s *Session, d time.Duration) {
	switch t := s.h.set.writeTimeout; {
	case d >= 0:
	case s.out.err != nil:
		d = 0
	case t > 0:
		d = t
	default: // or a close might never end
		d = defaultCloseTimeout
	}
	now := time.Since(s.opened)
	d = min(d, math.MaxInt64-now)
	if at := max(now+d, 1); k.endBy == 0 || at < k.endBy {
		k.endBy = at
	}
	k.alarm(s, k.endBy-now)
}

// startKeepalive starts the timer. ServeHTTP calls it, before OnOpen.
func (s *Session) startKeepalive() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cause != nil {
		return
	}
	s.keep.pingAt = max(s.h.set.pingInterval, 0)
	if s.canPark() {
		s.keep.parkAt = s.h.set.parkAfter
	}
	s.keep.next(s, 0)
}

// next sets the timer to whatever comes first. Under Session.mu.
func (k *keepalive) next(s *Session, now time.Duration) {
	first := time.Duration(0)
	for _, at := range [...]time.Duration{k.pingAt, k.pongBy, k.parkAt, k.endBy} {
		if at > 0 && (first == 0 || at < first) {
			first = at
		}
	}
	if first > 0 {
		k.alarm(s, first-now)
	}
}

// askToPark has the session's goroutine asked, some time from now, whether it can be spared.
func (s *Session) askToPark() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cause == nil {
		now := time.Since(s.opened)
		s.keep.parkAt = now + s.h.set.parkAfter
		s.keep.next(s, now)
	}
}

// answered takes the question back, and says whether it stood: else the connection is given up, for
// which the read deadline is in the past too.
func (s *Session) answered() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.keep.asked || s.dead {
		return false
	}
	s.keep.asked = false
	s.sock.SetReadDeadline(time.Time{})
	return true
}

// pingLeft gives the peer its PongTimeout from when the ping has left, which may have had to wait. Under mu.
func (s *Session) pingLeft() {
	k := &s.keep
	if k.queued && k.pongBy > 0 {
		k.pongBy = time.Since(s.opened) + s.h.set.pongTimeout
	}
	k.queued = false
}

// acked is how many bytes of ours the peer's kernel has taken. Under mu.
func (s *Session) acked() int64 { return s.out.left - int64(s.sock.unacked()) }

// stopKeepalive is the timer's end: the connection is gone.
func (s *Session) stopKeepalive() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keep.timer != nil {
		s.keep.timer.Stop()
	}
}

// tick is the timer's function. Each of its cases rules the later ones out.
func (s *Session) tick() {
	s.mu.Lock()
	var e *ending
	left := s.keep.endBy - time.Since(s.opened)
	switch {
	case s.dead:
	case left > 0: // a tick that was under way when the end began
		s.keep.alarm(s, left)
	case s.cause != nil: // CloseTimeout is over
		s.lose()
	case s.out.err != nil: // a write failed, and the reader found no cause
		e = lost(s.out.err.(*overError).err)
	case !s.beat():
		e = pongTimeout
	}
	s.mu.Unlock()
	if e != nil {
		s.end(e, false)
	}
}

// beat does what it is time for, and says whether the peer may still be alive. Under mu.
func (s *Session) beat() bool {
	k, set := &s.keep, &s.h.set
	now := time.Since(s.opened)
	if k.pongBy > 0 && now >= k.pongBy {
		switch s.signs() {
		case dead:
			return false
		case unclear:
			k.pongBy = now + set.pongTimeout
		case living:
			k.pongBy = 0
		}
	}
	if k.pingAt > 0 && now >= k.pingAt {
		k.pingAt = now + set.pingInterval
		judged := set.pongTimeout > 0 && (k.pongBy == 0 || k.alive.Load())
		if judged {
			k.alive.Store(false)
			k.pongBy = now + set.pongTimeout
			if s.sock.raw != nil {
				k.unread, _ = s.sock.unread()
			}
		}
		s.ping()
		if judged {
			k.queued, k.behind = true, false
			k.pinged, k.acked = s.out.left+int64(s.out.q.n), s.acked()
		}
		if s.out.q.n == 0 {
			s.pingLeft()
		}
	}
	if k.parkAt > 0 && now >= k.parkAt {
		k.parkAt, k.asked = 0, true
		s.sock.SetReadDeadline(past)
	}
	k.next(s, now)
	return true
}

// The verdicts on a peer whose pong is due.
type sign int

const (
	living sign = iota
	dead
	unclear
)

// signs looks for life. Under mu.
func (s *Session) signs() sign {
	if s.keep.alive.Load() {
		return living
	}
	if s.out.busy && s.h.set.writeTimeout > 0 {
		return unclear // the ping waits behind other bytes, and WriteTimeout watches those
	}
	if s.sock.raw == nil { // it cannot be asked for the bytes that a hook keeps from being read
		if s.phase.Load() == working {
			return unclear
		}
		return dead
	}
	k := &s.keep
	was, behind := k.acked, k.behind
	k.acked = s.acked()
	k.behind = k.acked < k.pinged && k.acked > was
	switch n, full := s.sock.unread(); {
	case n > k.unread:
		return living
	case k.behind:
		return unclear
	case k.acked < k.pinged: // not even its kernel is there
		return dead
	case behind: // the ping has arrived since
		return unclear
	case full: // it may have had no room for its pong
		return unclear
	}
	return dead
}

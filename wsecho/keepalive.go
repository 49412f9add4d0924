package wsecho

import (
	"sync/atomic"
	"time"
)

// keepalive is the session's one timer. It pings, sees that the peer stays silent, and ends a close
// that takes too long. No goroutine waits for it. All but alive is under Session.mu.
type keepalive struct {
	timer  *time.Timer
	alive  atomic.Bool   // a byte came, or the peer took some, since the ping that waits for an answer
	pingAt time.Duration // of the next ping, since the session opened
	pongBy time.Duration // of the verdict on a ping that waits for an answer; 0: none does
	endBy  time.Duration // of the connection's end; 0: it has not begun
}

// alarm sets the timer. Under Session.mu.
func (k *keepalive) alarm(s *Session, d time.Duration) {
	if k.timer == nil {
		k.timer = time.AfterFunc(d, s.tick)
	} else {
		k.timer.Reset(d)
	}
}

// endWithin sets the time for the connection's end; negative: as soon as the queue is empty, which is
// at once if nothing can be sent any more. Under Session.mu.
func (k *keepalive) endWithin(s *Session, d time.Duration) {
	if d < 0 {
		if s.out.err == nil {
			return
		}
		d = 0
	}
	k.endBy = max(time.Since(s.opened)+d, 1)
	k.alarm(s, d)
}

func (s *Session) startKeepalive() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if every := s.h.set.pingInterval; every > 0 && s.cause == nil {
		s.keep.pingAt = time.Since(s.opened) + every
		s.keep.alarm(s, every)
	}
}

// stopKeepalive is the timer's end: the connection is gone.
func (s *Session) stopKeepalive() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keep.timer != nil {
		s.keep.timer.Stop()
	}
}

// tick is the timer's function.
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

// beat pings when it is time, and says whether the peer may still be alive. Under mu.
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
	if now >= k.pingAt {
		k.pingAt = now + set.pingInterval
		if set.pongTimeout > 0 && (k.pongBy == 0 || k.alive.Load()) {
			k.alive.Store(false)
			k.pongBy = now + set.pongTimeout
		}
		s.ping()
	}
	next := k.pingAt
	if k.pongBy > 0 {
		next = min(next, k.pongBy)
	}
	k.alarm(s, next-now)
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
	if s.phase.Load() == working { // a hook keeps bytes from being read
		some, asked := s.sock.unread()
		switch {
		case some:
			return living
		case !asked:
			return unclear
		}
	}
	return dead
}

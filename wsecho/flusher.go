package wsecho

import (
	"errors"
	"fmt"
	"os"
	"time"
)

// flusher waits for a slow socket, and for any plain one, until the queue is empty; after the close
// frame it shuts the sending side. It lives no longer than that, and the write deadline is its alone.
func (s *Session) flusher() {
	o := &s.out
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(o.q) > 0 && !s.dead {
		q := o.q // what is appended meanwhile never touches it
		if t := s.h.set.writeTimeout; t > 0 {
			s.sock.SetWriteDeadline(time.Now().Add(t))
		}
		before := s.sock.unacked()
		s.mu.Unlock()
		n, err := s.sock.writeWait(q)
		if n > 0 && s.sock.raw != nil {
			s.keep.alive.Store(true) // the socket was full, so the peer has read: that is life too
		}
		s.mu.Lock()
		if s.dead {
			break
		}
		s.sent(n)
		if errors.Is(err, os.ErrDeadlineExceeded) && (n > 0 || s.sock.unacked() < before) {
			continue // progress; over TLS, whose stream that has broken, the next write fails at once
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			s.mu.Unlock()
			s.end(writeTimeout, false)
			s.mu.Lock()
			s.lose()
			break
		}
		if err != nil {
			s.broken(err)
			break
		}
	}
	o.busy = false
	s.pingLeft()
	if !s.dead {
		s.sock.SetWriteDeadline(time.Time{})
		if s.cause != nil && o.err == nil {
			o.busy, o.shut = true, true
			s.mu.Unlock()
			alone := s.sock.closeWrite()
			s.mu.Lock()
			o.busy = false
			s.sideShut(alone)
		}
	}
	s.wakeWriters()
}

// sideShut: the last byte has left. alone: the connection's other side is still open, for the peer
// to answer; where it is not, or the peer is not waited for, the connection is over. Under mu.
func (s *Session) sideShut(alone bool) {
	if s.dead || alone && s.h.set.closeTimeout >= 0 {
		return
	}
	s.giveUp()
	s.sock.SetReadDeadline(past) // not that of writes: over HTTP/2 it resets the stream, close frame and all
	s.sock.closeRead()
}

// lose gives the connection up, whose cause is set, and wakes whoever waits on the socket. Under mu.
func (s *Session) lose() {
	if s.dead {
		return
	}
	s.giveUp()
	s.sock.SetDeadline(past)
	s.sock.closeRead()
}

// past is a deadline that has passed.
var past = time.Unix(1, 0)

// giveUp: nothing more is delivered, and no deadline set. Under mu.
func (s *Session) giveUp() {
	s.dead = true
	if len(s.out.q) > 0 {
		s.sock.noLinger()
	}
	s.out.q, s.out.buf = nil, nil // not to the pool: see broken
	s.unhold()
	s.wakeWriters()
}

// flushed waits until the queue is gone, one way or the other, and says whether it was sent.
func (s *Session) flushed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.out.busy && !s.dead {
		room := s.nextRoom()
		s.mu.Unlock()
		<-room
		s.mu.Lock()
	}
	if s.dead {
		return false
	}
	s.giveUp()
	return true
}

// broken notes that a write has failed. That names no cause: the reader goes on, and may still find
// the peer's last messages, its close frame or EOF. Should it find nothing, the timer ends the
// session. Under mu.
func (s *Session) broken(err error) {
	s.out.err = &overError{s, fmt.Errorf("connection lost: %w", err)}
	s.out.q, s.out.buf = nil, nil // not to the pool: the flusher may be writing from it
	s.wakeWriters()
	s.keep.endWithin(s, s.h.set.closeTimeout)
}

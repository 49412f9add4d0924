package wsecho

import (
	"errors"
	"os"
	"time"
)

// flusher waits for a slow socket, and for any plain one, until the queue is empty; after the close
// frame it shuts the sending side. It lives no longer than that, and the write deadline is its alone.
func (s *Session) flusher() {
	o := &s.out
	s.mu.Lock()
	defer s.mu.Unlock()
	for o.q.n > 0 && !s.dead {
		q, _ := o.q.head()
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

package wsecho

import (
	"fmt"
	"time"
)

// The connection's end, once Session.end has set the cause:
//
//	the queue leaves, the close frame last      flush, flusher
//	our sending side is shut                    sideShut
//	what still comes is read and dropped        drain
//	the peer's EOF, or the timer: it is closed  finish
//
// broken, lose and cut make it shorter. After giveUp the connection is dead: nothing more is sent, and
// only its closing is left, to the goroutine that reads.

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

// drain reads and drops until the peer's EOF, or until the timer gives the connection up. Closing at
// once would turn our close frame into a reset, for unread bytes lie in the socket or are on their way.
// in is the session's own, emptied, unless a hook still has what lies in that.
func (s *Session) drain(in *input) {
	rd := newReader(&s.sock, in)
	s.answered() // or the question would end the first read
	for {
		n, err := rd.read(false)
		if n == 0 && err != nil {
			break
		}
		in.tidy()
	}
	in.tidy()
	rd.free()
	s.finish()
}

// drop gives back what the input holds: after the end nothing of it is read.
func (s *Session) drop() {
	s.in.r = s.in.w
	s.in.tidy()
	s.in.dropMsg()
}

// finish closes the connection. What is queued may still leave: the peer may have shut one side only.
func (s *Session) finish() {
	sent := s.flushed()
	s.sock.end(!sent)
	s.stopKeepalive()
	s.part()
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
	s.out.q = queue{} // its chunks are not given back: the flusher may be writing from one
	s.wakeWriters()
	s.keep.endWithin(s, s.h.set.closeTimeout)
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
	if s.out.q.n > 0 {
		s.sock.noLinger()
	}
	s.out.q = queue{} // as in broken
	s.unhold()
	s.wakeWriters()
}

// cutGrace is what a connection that only its flusher may write to gets for its close frame.
const cutGrace = 100 * time.Millisecond

// cut ends the connection of a session that is ending, now.
func (s *Session) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.out.busy && s.sock.raw == nil && !s.dead {
		s.keep.endWithin(s, cutGrace)
	} else {
		s.lose()
	}
}

package middleware

import (
	"sync"
	"time"
)

// closeWriteGrace is how long the end of a stream waits after CloseWrite for a peer that says nothing.
const closeWriteGrace = time.Second

// sendingSide decides when a stream's END_STREAM may leave. net/http sends a RST_STREAM right behind it, and a
// peer that then still has to answer a close frame takes the connection for broken (RFC 6455, section 7.1.5:
// 1006). So after CloseWrite it waits until the peer has said something since the last Write.
type sendingSide struct {
	ended chan struct{} // closed when END_STREAM may leave

	mu       sync.Mutex
	answered bool        // a Read has returned since the last Write began
	deaf     bool        // Read has returned an error: there is nothing more to hear
	closed   bool        // by CloseWrite
	over     bool        // ended is closed
	grace    *time.Timer // from CloseWrite until ended; nil: none
}

// said notes that a Write begins. At its end would be too late: the answer may be there before it returns.
func (s *sendingSide) said() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answered = false
}

// heard notes that a Read has returned. more: there may be more to read without waiting.
func (s *sendingSide) heard(more bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answered = true
	s.deaf = s.deaf || err != nil
	if s.closed && (s.deaf || !more) {
		s.endLocked()
	}
}

// close is CloseWrite.
func (s *sendingSide) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	switch {
	case s.answered, s.deaf:
		s.endLocked()
	case !s.over:
		s.grace = time.AfterFunc(closeWriteGrace, s.end)
	}
}

// isClosed reports whether CloseWrite was called.
func (s *sendingSide) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// end lets END_STREAM leave now.
func (s *sendingSide) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endLocked()
}

// endLocked is end with mu held.
func (s *sendingSide) endLocked() {
	if s.grace != nil {
		s.grace.Stop()
	}
	if !s.over {
		s.over = true
		close(s.ended)
	}
}

package middleware

import (
	"sync"
	"time"
)

// closeWriteGrace is how long the end of a stream waits after CloseWrite for a peer that does not close: its answer is
// one round trip away.
const closeWriteGrace = 300 * time.Millisecond

// sendingSide decides when a stream's END_STREAM may leave. net/http sends a RST_STREAM right behind it, and a
// peer that then still has to answer a close frame takes the connection for broken (RFC 6455, section 7.1.5:
// 1006). So after CloseWrite it waits until the peer's own close frame, or end, has been read.
type sendingSide struct {
	ended chan struct{} // closed when END_STREAM may leave

	mu     sync.Mutex
	peer   closeScanner
	done   bool        // the peer has closed, or nothing more can be read
	closed bool        // by CloseWrite
	over   bool        // ended is closed
	grace  *time.Timer // from CloseWrite until ended; nil: none
}

// heard notes what a Read has returned.
func (s *sendingSide) heard(p []byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done = s.peer.scan(p) || err != nil || s.done
	if s.closed && s.done {
		s.endLocked()
	}
}

// close is CloseWrite.
func (s *sendingSide) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	switch {
	case s.done:
		s.endLocked()
	case !s.over && s.grace == nil:
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

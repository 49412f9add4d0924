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

// heard notes what a Read has returned, and reports whether that ends the stream.
func (s *sendingSide) heard(p []byte, err error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done = s.peer.scan(p) || err != nil || s.done
	return s.closed && s.done
}

// close is CloseWrite. It reports whether that ends the stream; if not, late is to end it, when the grace is over.
func (s *sendingSide) close(late func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if !s.done && !s.over && s.grace == nil {
		s.grace = time.AfterFunc(closeWriteGrace, late)
	}
	return s.done
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
	if s.grace != nil {
		s.grace.Stop()
	}
	if !s.over {
		s.over = true
		close(s.ended)
	}
}

package wsechotest

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// streamSize is how much waits in a stream until its writer has to.
const streamSize = 64 << 10

// stream is one direction of a pipe. The Link's mutex guards it, so that a fault changes both directions in one step.
type stream struct {
	link    *Link
	changed sync.Cond // tells those who wait that anything below has
	buf     []byte
	ended   bool     // by its writer: EOF comes after buf
	gone    bool     // its reader is
	readBy  deadline // Read gives up
	writeBy deadline // Write gives up
	faults  faults
}

// deadline is a time at which those who wait look again.
type deadline struct {
	at    time.Time // zero: none
	timer *time.Timer
}

// passed reports whether there is a deadline and it has come.
func (d *deadline) passed() bool { return !d.at.IsZero() && !time.Now().Before(d.at) }

// newStream returns an empty stream of l.
func newStream(l *Link) *stream {
	s := &stream{link: l}
	s.changed.L = &l.mu
	return s
}

// read waits for bytes and takes what fits p.
func (s *stream) read(p []byte) (int, error) {
	s.link.mu.Lock()
	defer s.link.mu.Unlock()
	for {
		switch {
		case s.gone:
			return 0, net.ErrClosed
		case s.readBy.passed():
			return 0, os.ErrDeadlineExceeded
		case len(p) == 0:
			return 0, nil
		case s.faults.holdsBack():
		case len(s.buf) > 0:
			n := copy(p[:s.faults.most(len(p))], s.buf)
			s.buf = s.buf[n:]
			s.delivered(n)
			s.changed.Broadcast()
			return n, nil
		case s.ended, s.faults.broken:
			return 0, io.EOF
		}
		s.changed.Wait()
	}
}

// write waits until the buffer has taken all of p.
func (s *stream) write(p []byte) (n int, err error) {
	s.link.mu.Lock()
	defer s.link.mu.Unlock()
	for {
		switch {
		case s.ended:
			return n, net.ErrClosed
		case s.faults.broken, s.gone && !s.faults.vanished:
			return n, io.ErrClosedPipe
		case s.writeBy.passed():
			return n, os.ErrDeadlineExceeded
		}
		if room := s.faults.admit(min(streamSize-len(s.buf), len(p)-n)); room > 0 {
			s.buf = append(s.buf, p[n:n+room]...)
			n += room
			s.changed.Broadcast()
			s.cutIfDue()
		}
		if n == len(p) {
			return n, nil
		}
		if !s.faults.broken {
			s.changed.Wait()
		}
	}
}

// end is the writer's close.
func (s *stream) end() { s.change(func() { s.ended = true }) }

// abandon is the reader's close. It drops what is unread, but across a link that has vanished makes no room by it: the
// writer must not learn of the close.
func (s *stream) abandon() {
	s.change(func() {
		if s.gone = true; !s.faults.vanished {
			s.buf = nil
		}
	})
}

// setDeadline sets d, one of the stream's.
func (s *stream) setDeadline(d *deadline, t time.Time) error {
	s.change(func() { s.arm(d, t) })
	return nil
}

// arm is setDeadline with the mutex held.
func (s *stream) arm(d *deadline, t time.Time) {
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	if d.at = t; time.Until(t) > 0 {
		d.timer = time.AfterFunc(time.Until(t), func() { s.change(func() {}) })
	}
}

// change runs f with the mutex held, and then those who wait look again.
func (s *stream) change(f func()) {
	s.link.mu.Lock()
	defer s.link.mu.Unlock()
	f()
	s.changed.Broadcast()
}

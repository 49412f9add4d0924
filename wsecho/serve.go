package wsecho

import (
	"errors"
	"os"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"
)

// quiet is how a session's goroutine notices that it could be spared.
type quiet struct {
	armed    bool // the socket's read deadline says when to think of parking
	busy     bool // a message came since it was set
	enrolled bool // the parking lot knows the socket
	never    bool // parking failed once
}

// errQuiet: nothing came, for long enough.
var errQuiet = errors.New("wsecho: quiet")

// run is the session's goroutine, from its first byte or a wake to the next park or the end.
// It alone, or after the end the goroutine of drain, closes the socket.
func (s *Session) run(woken bool) {
	left := false
	defer func() {
		if !left { // runtime.Goexit in a hook: the session still needs its end
			s.end(goexit, false)
			go s.farewell()
		}
	}()
	rd := newReader(&s.sock, &s.in)
	defer rd.free()
	for n := 0; ; {
		if !s.phase.CompareAndSwap(reading, working) { // ended from outside, while it waited
			left = true
			s.drop()
			s.drain()
			return
		}
		s.arrived(n)
		s.pass()
		s.keep.alive.Store(true) // what a slow hook kept from being read counts from now
		if !s.phase.CompareAndSwap(working, reading) {
			left = true
			s.drop()
			if s.mine {
				go s.farewell()
				s.drain()
			} else { // and drain has a goroutine already
				s.farewell()
			}
			return
		}
		woken = woken && !s.quiet.busy // a pong alone buys no goroutine for seconds
		var err error
		switch n, err = s.fill(rd, woken); err {
		case nil:
		case errQuiet:
			woken, s.quiet.armed, s.quiet.busy = false, false, false
			left = true
			if park(s) {
				return // not ours any more: it may run already
			}
			left = false
			s.quiet.never = true
		default:
			left = true
			if s.end(lost(err), true) {
				go s.farewell()
			}
			s.drop()
			s.finish()
			return
		}
	}
}

// fill waits for bytes and says how many came. now: it does not wait at all.
func (s *Session) fill(rd *reader, now bool) (int, error) {
	q := &s.quiet
	canPark := s.sock.raw != nil && !q.never
	if canPark && !now && !q.armed {
		q.armed, q.busy = true, false
		s.setReadDeadline(time.Now().Add(s.h.set.parkAfter))
	}
	n, err := rd.read(now)
	if n > 0 {
		return n, nil // an error comes again
	}
	if !errors.Is(err, os.ErrDeadlineExceeded) || !s.setReadDeadline(time.Time{}) {
		return 0, err
	}
	if q.armed = false; q.busy {
		return 0, nil
	}
	return 0, errQuiet
}

// setReadDeadline, unless the connection is given up: that set one in the past, for good.
func (s *Session) setReadDeadline(t time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.dead {
		s.sock.SetReadDeadline(t)
	}
	return !s.dead
}

// pass handles all that is in the buffer. While it lasts, replies wait for company.
func (s *Session) pass() {
	in, held := &s.in, false
	for in.r < in.w && s.phase.Load() != ended {
		b := in.buf[in.r:in.w]
		if in.left > 0 {
			s.collect(b[:min(in.left, int64(len(b)))])
			continue
		}
		h, e := parseHeader(b, in.open, s.z != nil)
		if e == nil && h.op < opClose && in.over(h, s.h.set.readLimit) {
			e = tooBig
		}
		if e != nil {
			s.end(e, true)
			break
		}
		if h.size == 0 {
			break
		}
		whole := int64(len(b)-h.size) >= h.n
		if h.op < opClose && (!whole || !h.fin || in.open || h.rsv1) {
			in.r += h.size
			in.begin(h)
			if h.n == 0 {
				s.collected(0)
			}
			continue
		}
		if !whole {
			break
		}
		p := b[h.size : h.size+int(h.n)] // the frame lies whole in the buffer: nothing is copied
		in.r += h.size + int(h.n)
		unmask(p, h.key)
		if !held && in.r < in.w {
			held = true
			s.hold()
		}
		switch {
		case h.op >= opClose:
			s.control(h.op, p)
		case h.op == opText && !utf8.Valid(p):
			s.end(notText, true)
		default:
			s.message(websocket.MessageType(h.op), p)
		}
	}
	in.publish(&s.received)
	if held {
		s.release()
	}
	in.tidy()
}

var notText = invalid("text is not UTF-8", nil)

func (s *Session) control(op byte, p []byte) {
	switch op {
	case opPing:
		s.pong(p)
	case opClose:
		ce, e := parseClose(p)
		if e == nil {
			e = peerClosed(ce)
		}
		s.end(e, true)
	}
}

// drop gives back what the input holds: after the end nothing of it is read.
func (s *Session) drop() {
	s.in.r = s.in.w
	s.in.tidy()
	s.in.dropMsg()
}

// drain reads and drops until the peer's EOF, or until the timer gives the connection up. Closing at
// once would turn our close frame into a reset, for unread bytes lie in the socket or are on their way.
func (s *Session) drain() {
	var in input
	rd := newReader(&s.sock, &in)
	s.setReadDeadline(time.Time{}) // that of parking
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

// finish closes the connection. What is queued may still leave: the peer may have shut one side only.
func (s *Session) finish() {
	if s.flushed() {
		s.sock.Close()
	} else {
		s.sock.cut()
	}
	s.stopKeepalive()
	s.part()
}

package wsecho

import (
	"errors"
	"os"
	"unicode/utf8"

	"github.com/coder/websocket"
)

// quiet is how a session's goroutine notices that it could be spared. The timer asks it from time to
// time (askToPark): if a message has come since, it asks to be asked again; if not, it parks. Woken again,
// it parks as soon as nothing is left to read, unless a message was among it.
type quiet struct {
	woken    bool // it has just been started again, and nothing has come but what woke it
	busy     bool // a message, or some of one, has come since it was last asked
	enrolled bool // the parking lot knows the socket
}

// errQuiet: nothing came, for long enough.
var errQuiet = errors.New("wsecho: quiet")

// run is the session's goroutine, from its first byte or a wake to the next park or the end.
// It alone, or after the end the goroutine of drain, closes the socket.
func (s *Session) run(woken bool) {
	left := false
	defer func() {
		if !left { // runtime.Goexit in a hook: the session still needs its end
			s.in.publish(&s.received)
			s.end(goexit, false)
			go s.farewell()
		}
	}()
	s.quiet.woken = woken
	rd := newReader(&s.sock, &s.in)
	defer rd.free()
	for n := 0; ; {
		if !s.phase.CompareAndSwap(reading, working) { // ended from outside, while it waited
			left = true
			s.drop()
			s.drain(&s.in)
			return
		}
		if n > 0 {
			s.keep.alive.Store(true) // before the hooks of what came, which may outlast PongTimeout
		}
		s.arrived(n)
		s.pass()
		if n > 0 {
			s.keep.alive.Store(true) // now, as what a slow hook kept from being read counts too
		}
		if !s.phase.CompareAndSwap(working, reading) {
			left = true
			s.drop()
			if s.mine {
				s.partWays()
				s.drain(&s.in)
			} else { // and drain has a goroutine already
				s.farewell()
			}
			return
		}
		if s.quiet.woken && s.quiet.busy { // a message; a pong alone buys no goroutine for seconds
			s.quiet.woken, s.quiet.busy = false, false
			s.askToPark()
		}
		var err error
		switch n, err = s.fill(rd); err {
		case nil:
		case errQuiet:
			left = true
			if park(s) {
				return // not ours any more: it may run already
			}
			left, s.quiet.woken = false, false
			s.askToPark() // again: descriptors may be short for a time
		default:
			left = true
			e := lost(err)
			if errors.Is(err, os.ErrDeadlineExceeded) {
				e = writeTimeout // over HTTP/2 a write that times out ends the reads too
			}
			if s.end(e, true) {
				s.partWays()
			}
			s.drop()
			s.finish()
			return
		}
	}
}

// partWays sees to the hooks' part of the end, while this goroutine stays with the connection.
func (s *Session) partWays() {
	if s.h.OnClose == nil && !s.helped {
		s.farewell() // no hook to wait for
	} else {
		go s.farewell()
	}
}

// fill waits for bytes and says how many came. A session that has just been woken does not wait.
func (s *Session) fill(rd *reader) (int, error) {
	n, err := rd.read(s.quiet.woken)
	switch {
	case n > 0:
		return n, nil // an error comes again
	case !errors.Is(err, os.ErrDeadlineExceeded) || !s.answered():
		return 0, err
	case s.quiet.busy:
		s.quiet.busy = false
		s.askToPark()
		return 0, nil
	}
	return 0, errQuiet
}

// canPark: the socket is one that the parking lot can wait for.
func (s *Session) canPark() bool { return parking && s.sock.raw != nil }

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
			if h.op == opClose {
				s.peekClose(b[h.size:], h.key)
			}
			break
		}
		end := h.size + int(h.n)
		p := b[h.size:end:end] // the frame lies whole in the buffer: nothing is copied
		in.r += end
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
		s.endHold()
	}
	in.tidy()
}

var notText = invalid("text is not UTF-8", nil)

func (s *Session) control(op byte, p []byte) {
	switch op {
	case opPing:
		s.pong(p)
	case opClose:
		ce, e := parseClose(p, true)
		if e == nil {
			e = peerClosed(ce)
		}
		s.end(e, true)
	}
}

// peekClose ends the session for what is wrong with the part of a close frame that is in.
func (s *Session) peekClose(masked []byte, key uint32) {
	var p [maxControl]byte
	n := copy(p[:], masked)
	unmask(p[:n], key)
	if _, e := parseClose(p[:n], false); e != nil {
		s.end(e, true)
	}
}

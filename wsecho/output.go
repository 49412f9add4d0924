package wsecho

import "time"

const (
	holdTime = time.Millisecond // that a reply may wait for company
	holdMax  = 15 << 10         // bytes of it; a small reply more still fits their chunk
)

// output is what waits to be written. All of it is under Session.mu.
type output struct {
	q     queue         // whole frames, but for the start of the first, which may have left
	held  bool          // more input is at hand: replies wait for company
	timer *time.Timer   // ends that wait; made at the first
	busy  bool          // the flusher lives: nobody else touches the socket's sending side
	shut  bool          // the sending side is shut down, or about to be
	err   error         // *overError once a write has failed: nothing more is sent
	room  chan struct{} // closed when bytes have left, or never will
	left  int64         // bytes that have left

	messages, bytes uint64 // queued by Write and TryWrite
}

// push queues a frame. Under mu.
func (s *Session) push(op byte, p []byte) {
	first := s.out.q.n == 0
	s.out.q.header(op, len(p))
	s.out.q.add(p)
	s.settle(first)
}

// settle sees to it that what is in the queue leaves: now, or when the hold ends. first: the queue
// was empty before. Under mu.
func (s *Session) settle(first bool) {
	o := &s.out
	switch {
	case !o.held || o.q.n >= holdMax:
		s.flush()
	case !first:
	case o.timer == nil:
		o.timer = time.AfterFunc(holdTime, s.flushHeld)
	default:
		o.timer.Reset(holdTime)
	}
}

// hold makes replies wait for company until endHold.
func (s *Session) hold() {
	s.mu.Lock()
	s.out.held = s.cause == nil
	s.mu.Unlock()
}

// flushHeld is the hold's timer: a slow hook must not delay what it wrote before.
func (s *Session) flushHeld() {
	s.mu.Lock()
	s.flush()
	s.mu.Unlock()
}

func (s *Session) endHold() {
	s.mu.Lock()
	s.unhold()
	s.flush()
	s.mu.Unlock()
}

func (s *Session) unhold() {
	s.out.held = false
	if s.out.timer != nil {
		s.out.timer.Stop()
	}
}

// ping queues a ping, exempt from the limit: it is what finds the peer dead. Under mu.
func (s *Session) ping() {
	if s.overLocked() == nil {
		s.out.q.header(opPing, 0)
		s.flush()
	}
}

// pong answers a ping, unless the queue is full: a peer that pings and never reads gets no pongs.
func (s *Session) pong(p []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.overLocked() != nil || s.full(len(p)) {
		return
	}
	s.push(opPong, p)
}

// closeOutput queues the close frame, if the end has one, and starts the time that the close may
// take. Nothing is queued after it, as cause is set. Under mu, once.
func (s *Session) closeOutput(e *ending) {
	if e.code != 0 && s.out.err == nil {
		s.out.q.add(appendClose(nil, e.code, e.reason))
	}
	s.unhold()
	s.wakeWriters()
	s.keep.endWithin(s, s.h.set.closeTimeout)
	s.flush()
}

// flush writes what the socket takes at once; a flusher waits for the rest. Under mu.
func (s *Session) flush() {
	o := &s.out
	if o.busy || o.shut || o.err != nil || s.dead || !s.write(s.cause != nil) {
		return
	}
	if o.q.n > 0 {
		o.busy = true
		go s.flusher()
		return
	}
	if s.cause == nil {
		return
	}
	if o.shut = true; s.sock.raw == nil { // closing a TLS connection's side may wait
		o.busy = true
		go s.flusher()
		return
	}
	s.sideShut(s.sock.closeWrite())
}

// write writes what a raw socket takes at once, and says whether the socket is fit for more. more: what
// follows does so at once. Under mu.
func (s *Session) write(more bool) bool {
	for s.sock.raw != nil && s.out.q.n > 0 {
		p, others := s.out.q.head()
		n, err := writeRaw(s.sock.raw, p, false, more || others)
		s.sent(n)
		if err != nil {
			s.broken(err)
			return false
		}
		if n < len(p) {
			break
		}
	}
	return true
}

// sent takes n bytes off the queue. Under mu.
func (s *Session) sent(n int) {
	s.out.left += int64(n)
	s.out.q.gone(n)
	if n > 0 {
		s.wakeWriters()
	}
}

// nextRoom is closed by the next wakeWriters. Under mu.
func (s *Session) nextRoom() <-chan struct{} {
	if s.out.room == nil {
		s.out.room = make(chan struct{})
	}
	return s.out.room
}

// wakeWriters lets those who wait for room, or for the queue to be gone, look again. Under mu.
func (s *Session) wakeWriters() {
	if s.out.room != nil {
		close(s.out.room)
		s.out.room = nil
	}
}

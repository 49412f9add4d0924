package wsecho

import (
	"context"
	"fmt"

	"github.com/coder/websocket"
)

// copyMax: measured, up to here one copy and one write beat two writes.
const copyMax = 128 << 10

// send queues one message. room, when not nil, says when to try again.
func (s *Session) send(ctx context.Context, typ websocket.MessageType, p []byte) (room <-chan struct{}, err error) {
	if typ != websocket.MessageText && typ != websocket.MessageBinary {
		return nil, fmt.Errorf("wsecho: message type %d is neither text nor binary", typ)
	}
	if ctx.Err() != nil { // asked with no lock held: it is the caller's code
		if err := s.over(); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("wsecho: write: %w", ctx.Err())
	}
	if s.z != nil && len(p) >= deflateMin {
		return s.sendDeflated(typ, p)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if room, err := s.admit(len(p)); err != nil {
		return room, err
	}
	s.out.messages++
	s.out.bytes += uint64(len(p))
	if len(p) <= copyMax || s.sock.raw == nil || s.out.busy {
		s.push(byte(typ), p)
		return nil, nil
	}
	first := s.out.q.n == 0
	s.out.q.header(byte(typ), len(p))
	s.out.q.add(s.sendStraight(p))
	s.settle(first)
	return nil, nil
}

// sendDeflated asks for room before it deflates: once it has, the frame must be sent, as what
// follows may refer to it (RFC 7692 section 7.1.1). The deflater's lock keeps the order.
func (s *Session) sendDeflated(typ websocket.MessageType, p []byte) (room <-chan struct{}, err error) {
	s.z.mu.Lock()
	defer s.z.mu.Unlock()
	s.mu.Lock()
	room, err = s.admit(len(p))
	s.mu.Unlock()
	if err != nil {
		return room, err
	}
	deflated := s.z.deflate(p)
	defer s.z.done()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.overLocked(); err != nil {
		return nil, err
	}
	s.out.messages++
	s.out.bytes += uint64(len(p))
	s.push(rsv1Bit|byte(typ), deflated)
	return nil, nil
}

// admit says whether a message of n bytes may be queued. Under mu.
func (s *Session) admit(n int) (room <-chan struct{}, err error) {
	if err := s.overLocked(); err != nil {
		return nil, err
	}
	if s.full(n) && !s.out.busy {
		s.flush() // it was held
		if err := s.overLocked(); err != nil {
			return nil, err
		}
	}
	if !s.full(n) {
		return nil, nil
	}
	return s.nextRoom(), ErrWriteLimit
}

// full: n more bytes do not fit beside what waits. Under mu.
func (s *Session) full(n int) bool {
	limit, waiting := s.h.set.writeLimit, s.out.q.n
	return limit > 0 && waiting > 0 && waiting+n > limit
}

// sendStraight writes what a raw socket takes of a large message, whose header ends the queue,
// without copying it first, and returns the rest. Under mu.
func (s *Session) sendStraight(p []byte) (rest []byte) {
	if !s.write(true) {
		return nil
	}
	if s.out.q.n > 0 {
		return p
	}
	n, err := writeRaw(s.sock.raw, p, false, false)
	s.out.left += int64(n)
	if err != nil {
		s.broken(err)
		return nil
	}
	return p[n:]
}

package wire

import (
	"context"
	"fmt"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho/internal/deflate"
	"example.com/wsecho/wsecho/internal/frame"
)

// copyMax is the length of a message up to which one copy and one write beat two writes (measured).
const copyMax = 128 << 10

// Write queues a message and waits, if need be, until there is room for it. Nil means queued; p has then
// been copied. If ctx ends first nothing of the message is sent.
func (c *Conn) Write(ctx context.Context, typ websocket.MessageType, p []byte) error {
	for {
		room, err := c.send(ctx, typ, p)
		if room == nil {
			return err
		}
		select {
		case <-room:
		case <-ctx.Done(): // send says so
		}
	}
}

// TryWrite is Write without the wait: if there is no room it returns ErrWriteLimit.
func (c *Conn) TryWrite(typ websocket.MessageType, p []byte) error {
	_, err := c.send(context.Background(), typ, p)
	return err
}

// send queues one message. A room that is not nil is closed when it is time to try again.
func (c *Conn) send(ctx context.Context, typ websocket.MessageType, p []byte) (room <-chan struct{}, err error) {
	if typ != websocket.MessageText && typ != websocket.MessageBinary {
		return nil, fmt.Errorf("wsecho: message type %d is neither text nor binary", typ)
	}
	if ctx.Err() != nil { // asked with no lock held: it is the caller's code
		c.mu.Lock()
		defer c.mu.Unlock()
		if err := c.errEnded(); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("wsecho: write: %w", ctx.Err())
	}
	if c.deflate != nil && len(p) >= deflate.Min {
		return c.sendDeflated(typ, p)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if room, err := c.admit(len(p)); err != nil {
		return room, err
	}
	c.out.count(len(p))
	if len(p) <= copyMax || !c.sock.Raw() || c.out.flushing {
		c.enqueue(byte(typ), p)
		return nil, nil
	}
	wasEmpty := c.out.q.n == 0
	c.out.q.header(byte(typ), len(p))
	c.out.q.add(c.writeDirect(p))
	c.flushOrHold(wasEmpty)
	return nil, nil
}

// sendDeflated asks for room before it deflates: once it has, the frame must be sent, as what
// follows may refer to it (RFC 7692 section 7.1.1). The deflater's lock keeps the order.
func (c *Conn) sendDeflated(typ websocket.MessageType, p []byte) (room <-chan struct{}, err error) {
	c.deflate.Lock()
	defer c.deflate.Unlock()
	c.mu.Lock()
	room, err = c.admit(len(p))
	c.mu.Unlock()
	if err != nil {
		return room, err
	}
	deflated := c.deflate.Deflate(p)
	defer c.deflate.Done()
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.errEnded(); err != nil {
		return nil, err
	}
	c.out.count(len(p))
	c.enqueue(frame.RSV1|byte(typ), deflated)
	return nil, nil
}

// admit says whether a message of n bytes may be queued. Under mu.
func (c *Conn) admit(n int) (room <-chan struct{}, err error) {
	fits, err := c.fits(n)
	if fits || err != nil {
		return nil, err
	}
	return c.out.awaitRoom(), ErrWriteLimit
}

// fits says whether n more bytes fit beside what waits, once what was only held back has been flushed. Its
// error says that the connection is ending. Under mu.
func (c *Conn) fits(n int) (bool, error) {
	if err := c.errEnded(); err != nil {
		return false, err
	}
	if c.exceedsLimit(n) && !c.out.flushing {
		c.flush()
	}
	return !c.exceedsLimit(n), c.errEnded()
}

// exceedsLimit says whether n more bytes do not fit beside what waits. Under mu.
func (c *Conn) exceedsLimit(n int) bool {
	limit, waiting := c.cfg.WriteLimit, c.out.q.n
	return limit > 0 && waiting > 0 && waiting+n > limit
}

// writeDirect writes what a raw socket takes of a large message, whose header ends the queue,
// without copying it first, and returns the rest. Under mu.
func (c *Conn) writeDirect(p []byte) (rest []byte) {
	if !c.writeQueue(true) {
		return nil
	}
	if c.out.q.n > 0 {
		return p
	}
	n, err := c.sock.TryWrite(p, false)
	c.out.sent += int64(n)
	if err != nil {
		c.broken(err)
		return nil
	}
	return p[n:]
}

// enqueue queues a frame. Under mu.
func (c *Conn) enqueue(op byte, p []byte) {
	wasEmpty := c.out.q.n == 0
	c.out.q.header(op, len(p))
	c.out.q.add(p)
	c.flushOrHold(wasEmpty)
}

// ping queues a ping, exempt from the limit: it is what finds the peer dead. Under mu.
func (c *Conn) ping() {
	if c.errEnded() == nil {
		c.out.q.header(frame.Ping, 0)
		c.flush()
	}
}

// pong answers a ping, or, while the queue has no room, remembers to: only the latest of those that wait
// is answered (RFC 6455 section 5.5.3), so that a peer that pings and never reads costs nothing.
func (c *Conn) pong(p []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch fits, err := c.fits(len(p)); {
	case err != nil:
	case fits:
		c.out.pong = nil
		c.enqueue(frame.Pong, p)
	default:
		c.out.pong = append([]byte{}, p...)
	}
}

// pongWaiting queues the pong that waits for room, if there is one and it has some. Under mu.
func (c *Conn) pongWaiting() {
	if p := c.out.pong; p != nil && c.end == nil && !c.exceedsLimit(len(p)) {
		c.out.pong = nil
		c.out.q.header(frame.Pong, len(p))
		c.out.q.add(p)
	}
}

package wire

import (
	"context"
	"fmt"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho/internal/deflate"
	"example.com/wsecho/wsecho/internal/frame"
)

// copyMax: measured, up to here one copy and one write beat two writes.
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

// send queues one message. room, when not nil, says when to try again.
func (c *Conn) send(ctx context.Context, typ websocket.MessageType, p []byte) (room <-chan struct{}, err error) {
	if typ != websocket.MessageText && typ != websocket.MessageBinary {
		return nil, fmt.Errorf("wsecho: message type %d is neither text nor binary", typ)
	}
	if ctx.Err() != nil { // asked with no lock held: it is the caller's code
		c.mu.Lock()
		defer c.mu.Unlock()
		if err := c.over(); err != nil {
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
		c.push(byte(typ), p)
		return nil, nil
	}
	first := c.out.q.n == 0
	c.out.q.header(byte(typ), len(p))
	c.out.q.add(c.sendStraight(p))
	c.settle(first)
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
	if err := c.over(); err != nil {
		return nil, err
	}
	c.out.count(len(p))
	c.push(frame.RSV1|byte(typ), deflated)
	return nil, nil
}

// admit says whether a message of n bytes may be queued. Under mu.
func (c *Conn) admit(n int) (room <-chan struct{}, err error) {
	if err := c.over(); err != nil {
		return nil, err
	}
	if c.full(n) && !c.out.flushing {
		c.flush() // it was held
		if err := c.over(); err != nil {
			return nil, err
		}
	}
	if !c.full(n) {
		return nil, nil
	}
	return c.out.nextRoom(), ErrWriteLimit
}

// full: n more bytes do not fit beside what waits. Under mu.
func (c *Conn) full(n int) bool {
	limit, waiting := c.cfg.WriteLimit, c.out.q.n
	return limit > 0 && waiting > 0 && waiting+n > limit
}

// sendStraight writes what a raw socket takes of a large message, whose header ends the queue,
// without copying it first, and returns the rest. Under mu.
func (c *Conn) sendStraight(p []byte) (rest []byte) {
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

// push queues a frame. Under mu.
func (c *Conn) push(op byte, p []byte) {
	first := c.out.q.n == 0
	c.out.q.header(op, len(p))
	c.out.q.add(p)
	c.settle(first)
}

// ping queues a ping, exempt from the limit: it is what finds the peer dead. Under mu.
func (c *Conn) ping() {
	if c.over() == nil {
		c.out.q.header(frame.Ping, 0)
		c.flush()
	}
}

// pong answers a ping, unless the queue is full: a peer that pings and never reads gets no pongs.
func (c *Conn) pong(p []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over() != nil || c.full(len(p)) {
		return
	}
	c.push(frame.Pong, p)
}

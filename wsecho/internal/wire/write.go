package wire

import (
	"bytes"
	"context"
	"fmt"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho/internal/deflate"
	"example.com/wsecho/wsecho/internal/frame"
)

// copyMax is the length of a message up to which one copy and one write beat two writes (measured).
const copyMax = 128 << 10

// Write queues a message and waits, if need be, until there is room for it. Nil means queued; p has then
// been copied. If ctx ends first nothing of the message is sent. It fills half of WriteLimit, so that one
// who writes without a pause leaves room to TryWrite. Its errors are WriteErrors, but for that of a bad type.
func (c *Conn) Write(ctx context.Context, typ websocket.MessageType, p []byte) error {
	for {
		room, err := c.send(ctx, false, typ, p)
		if room == nil {
			return err
		}
		select {
		case <-room:
		case <-ctx.Done(): // send says so
		}
	}
}

// TryWrite is Write without the wait: if there is no room its error wraps ErrWriteLimit. It fills all of
// WriteLimit.
func (c *Conn) TryWrite(typ websocket.MessageType, p []byte) error {
	_, err := c.send(context.Background(), true, typ, p)
	return err
}

// send queues one message, for TryWrite if try, else for Write. A room that is not nil is closed when it is
// time for Write to try again.
func (c *Conn) send(ctx context.Context, try bool, typ websocket.MessageType, p []byte) (room <-chan struct{}, err error) {
	if err := c.checkWrite(ctx, typ); err != nil {
		return nil, err
	}
	if c.in.codec != nil && len(p) >= deflate.Min && c.lockDeflater(try) {
		return c.sendDeflated(try, typ, p)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if room, err := c.admit(try, len(p)); err != nil {
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

// checkWrite says what is wrong with a write's arguments. It holds no lock: ctx is the caller's code.
func (c *Conn) checkWrite(ctx context.Context, typ websocket.MessageType) error {
	if typ != websocket.MessageText && typ != websocket.MessageBinary {
		return fmt.Errorf("wsecho: message type %d is neither text nor binary", typ)
	}
	if ctx.Err() == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.errEnded(); err != nil {
		return err
	}
	return &contextError{c, ctx.Err()}
}

// lockDeflater locks the deflater. TryWrite does not wait while another goroutine deflates: its message is
// sent as it is, which RFC 7692 section 6 leaves to the sender.
func (c *Conn) lockDeflater(try bool) bool {
	if try {
		return c.in.codec.Out.TryLock()
	}
	c.in.codec.Out.Lock()
	return true
}

// sendDeflated asks for room before it deflates: once it has, the frame must be sent, as what
// follows may refer to it (RFC 7692 section 7.1.1). The deflater is locked, which keeps the order, and unlocked here.
func (c *Conn) sendDeflated(try bool, typ websocket.MessageType, p []byte) (room <-chan struct{}, err error) {
	defer c.in.codec.Out.Unlock()
	c.mu.Lock()
	room, err = c.admit(try, len(p))
	c.mu.Unlock()
	if err != nil {
		return room, err
	}
	deflated := c.in.codec.Out.Deflate(p)
	defer c.in.codec.Out.Done()
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.errEnded(); err != nil {
		return nil, err
	}
	c.out.count(len(p))
	c.enqueue(frame.RSV1|byte(typ), deflated)
	return nil, nil
}

// admit says whether a message of n bytes may be queued: by TryWrite if try, else by Write. If there is
// no room, that is what Write waits for. Under mu.
func (c *Conn) admit(try bool, n int) (room <-chan struct{}, err error) {
	limit := c.cfg.WriteLimit
	if !try && limit > 0 {
		limit = (limit + 1) / 2
	}
	fits, err := c.fits(n, limit)
	switch {
	case fits || err != nil:
		return nil, err
	case try:
		return nil, (*limitError)(c)
	}
	return c.out.awaitRoom(), ErrWriteLimit
}

// fits says whether n more bytes fit beside what waits, once what was only held back has been flushed. Its
// error says that the connection is ending. Under mu.
func (c *Conn) fits(n, limit int) (bool, error) {
	if err := c.errEnded(); err != nil {
		return false, err
	}
	if !c.out.exceeds(n, limit) {
		return true, nil
	}
	if !c.out.flushing {
		c.flush()
	}
	return !c.out.exceeds(n, limit), c.errEnded()
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
	switch fits, err := c.fits(len(p), c.cfg.WriteLimit); {
	case err != nil:
	case fits:
		c.out.pong = nil
		c.enqueue(frame.Pong, p)
	default:
		payload := bytes.Clone(p)
		c.out.pong = &payload
	}
}

// ponged notes that the peer has sent a pong, be it one that nobody asked for.
func (c *Conn) ponged() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keep.ponged(c.now())
}

// pongWaiting queues the pong that waits for room, if there is one and it has some. Under mu.
func (c *Conn) pongWaiting() {
	if p := c.out.pong; p != nil && c.end == nil && !c.out.exceeds(len(*p), c.cfg.WriteLimit) {
		c.out.pong = nil
		c.out.q.header(frame.Pong, len(*p))
		c.out.q.add(*p)
	}
}

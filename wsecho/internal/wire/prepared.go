package wire

import (
	"context"
	"sync"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho/internal/deflate"
	"example.com/wsecho/wsecho/internal/frame"
)

// Prepared is a message for many connections: framed once, deflated at most once. Queues refer to its bytes,
// which nobody changes.
type Prepared struct {
	typ   websocket.MessageType
	n     int    // bytes of the message
	plain []byte // its frame

	once     sync.Once // guards deflated
	deflated []byte    // the frame of the same, deflated
}

// Prepare copies p.
func Prepare(typ websocket.MessageType, p []byte) *Prepared {
	b := make([]byte, 0, frame.MaxHeader+len(p))
	b = append(frame.AppendHeader(b, byte(typ), len(p)), p...)
	return &Prepared{typ: typ, n: len(p), plain: b}
}

// deflatedFrame returns the frame of the message deflated, which refers to nothing before it.
func (m *Prepared) deflatedFrame() []byte {
	m.once.Do(func() {
		p := deflate.Alone(m.plain[len(m.plain)-m.n:])
		b := make([]byte, 0, frame.MaxHeader+len(p))
		m.deflated = append(frame.AppendHeader(b, frame.RSV1|byte(m.typ), len(p)), p...)
	})
	return m.deflated
}

// WritePrepared is Write for a message that others get too.
func (c *Conn) WritePrepared(ctx context.Context, m *Prepared) error {
	for {
		room, err := c.sendPrepared(ctx, m)
		if room == nil {
			return err
		}
		select {
		case <-room:
		case <-ctx.Done(): // sendPrepared says so
		}
	}
}

// TryWritePrepared is TryWrite for a message that others get too.
func (c *Conn) TryWritePrepared(m *Prepared) error {
	_, err := c.sendPrepared(nil, m)
	return err
}

// sendPrepared is send for a Prepared.
func (c *Conn) sendPrepared(ctx context.Context, m *Prepared) (room <-chan struct{}, err error) {
	if err := c.checkWrite(ctx, m.typ); err != nil {
		return nil, err
	}
	b := m.plain
	deflated := c.in.codec != nil && m.n >= deflate.Min && c.in.codec.Out.TakesAlone() && c.lockDeflater(ctx)
	if deflated {
		defer c.in.codec.Out.Unlock()
		b = m.deflatedFrame()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if room, err := c.admit(ctx, m.n); err != nil {
		return room, err
	}
	if deflated {
		c.in.codec.Out.Forget()
	}
	c.out.count(m.n)
	wasEmpty := c.out.q.n == 0
	if c.sock.Raw() && !c.out.flushing && !c.out.held {
		b = c.writeDirect(b)
	}
	c.out.q.refer(b)
	c.flushOrHold(wasEmpty)
	return nil, nil
}

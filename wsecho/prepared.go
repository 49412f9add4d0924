package wsecho

import (
	"context"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho/internal/wire"
)

// Prepared is a message for many sessions, as a broadcast has one: it is framed once, and deflated at most
// once, however many get it. Those that wait for a slow peer share its bytes. It may be written by any number
// of goroutines, to sessions of any Handler, any number of times.
type Prepared struct{ m *wire.Prepared }

// Prepare makes a Prepared of one message. It copies p. Text must be UTF-8, which Prepare does not check.
func Prepare(typ websocket.MessageType, p []byte) *Prepared {
	return &Prepared{wire.Prepare(typ, p)}
}

// WritePrepared is Write for a message that other sessions get too. With compression that is deflated when the
// first session that compresses gets it, without reference to earlier messages; the next message of a
// session with context takeover refers to none before it either, so compresses less.
func (s *Session) WritePrepared(ctx context.Context, m *Prepared) error {
	return s.conn.WritePrepared(ctx, m.m)
}

// TryWritePrepared is TryWrite for a message that other sessions get too: see WritePrepared.
func (s *Session) TryWritePrepared(m *Prepared) error { return s.conn.TryWritePrepared(m.m) }

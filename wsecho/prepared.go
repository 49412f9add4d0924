package wsecho

import (
	"context"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho/internal/wire"
)

// Prepared is a message for many sessions, as a broadcast has one: it is framed once, and deflated at most
// once, however many get it. Those that wait for a slow peer share its bytes, unless these are fewer than 256.
// It may be written by any number of goroutines, to sessions of any Handler, any number of times.
type Prepared struct{ m *wire.Prepared }

// Prepare makes a Prepared of one message. It copies p. Text must be UTF-8, which Prepare does not check. Where
// typ is neither text nor binary, to write it is an error.
func Prepare(typ websocket.MessageType, p []byte) *Prepared {
	return &Prepared{wire.Prepare(typ, p)}
}

// WritePrepared queues m for the peer as Write does a message of its own: it waits for room, and has Write's errors.
// With compression m is deflated when the first session that compresses gets it, without reference to earlier
// messages; the next message of a session with context takeover refers to none before it either, so it compresses less.
// To a client whose window (server_max_window_bits) is smaller than 2^15 bytes, a message that is longer than the
// window goes uncompressed.
func (s *Session) WritePrepared(ctx context.Context, m *Prepared) error {
	return s.conn.WritePrepared(ctx, m.m)
}

// TryWritePrepared queues m for the peer as TryWrite does a message of its own: if there is no room its error matches
// ErrWriteLimit. With compression it is deflated as WritePrepared's comment says. Where another
// goroutine is just deflating it, for another session, it waits for that.
func (s *Session) TryWritePrepared(m *Prepared) error { return s.conn.TryWritePrepared(m.m) }

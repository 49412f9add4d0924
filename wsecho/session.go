package wsecho

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho/internal/wire"
)

// Session is one open WebSocket. Its methods may be called from any goroutine, in hooks and outside,
// and never deadlock: they call no hook, so they are safe under a lock that OnClose takes. Write may
// wait, the others never do. A *Session is never reused.
type Session struct {
	// Data is the hooks' own state. Set it in OnOpen; after that it is as safe as what it holds. Nil until
	// a hook sets it.
	Data any

	// Set before OnOpen, and fixed.
	h           *Handler
	remote      string
	subprotocol string
	opened      time.Time
	conn        wire.Conn

	accepted bool         // OnOpen returned nil; set before conn.Start
	listed   atomic.Bool  // Sessions shows it
	end      *wire.End    // why it ended; set before farewell
	parts    atomic.Int32 // of the end that are to come: the connection is gone, the hooks are done

	mu   sync.Mutex // guards
	over bool       // farewell waits for gos: none is added
	gos  sync.WaitGroup
}

// Context is the session's context: the values of the request's, with chi's URL parameters, but
// neither its cancellation nor its deadline. It ends when the session does; context.Cause is then the
// error that OnClose gets.
func (s *Session) Context() context.Context { return s.conn.Context() }

// Subprotocol is the one selected in the handshake; "" if the client offered none and was admitted.
func (s *Session) Subprotocol() string { return s.subprotocol }

// RemoteAddr is r.RemoteAddr as ServeHTTP got it.
func (s *Session) RemoteAddr() string { return s.remote }

// Write queues a message and waits, if need be, until there is room for it: see Handler.WriteLimit.
// Nil means queued; p has then been copied. Messages leave whole, and in order for one caller. Text
// must be UTF-8, which Write does not check. If ctx ends first, nothing of the message is sent and
// the session goes on. Once the session is ending the error matches net.ErrClosed, and what OnClose gets.
func (s *Session) Write(ctx context.Context, typ websocket.MessageType, p []byte) error {
	return s.conn.Write(ctx, typ, p)
}

// TryWrite is Write without the wait: if there is no room it returns ErrWriteLimit.
func (s *Session) TryWrite(typ websocket.MessageType, p []byte) error {
	return s.conn.TryWrite(typ, p)
}

// Close starts the end of the session: what was written before is sent, then a close frame with code
// and reason, and the peer has Handler.CloseTimeout to answer. OnClose gets a websocket.CloseError
// with that code. It never waits and never fails; after the session has begun to end it does nothing.
//
// A reason is cut to 123 bytes of valid UTF-8. A code that may not be sent (RFC 6455 section 7.4)
// becomes 1011 and is logged; 1005 sends a close frame without a body.
func (s *Session) Close(code websocket.StatusCode, reason string) {
	e, fit := closing("closed", nil, code, reason)
	e.Err = websocket.CloseError{Code: e.Code, Reason: e.Reason}
	if s.conn.End(e) && !fit {
		s.logUnfit(code)
	}
}

package wsecho

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho/internal/wire"
)

// Session is one open WebSocket. Its methods may be called from any goroutine, in hooks and outside,
// and never deadlock: they call no hook. Write may wait for a slow peer, up to WriteTimeout and longer, so
// a lock that is held around it is held as long; the others are safe under any lock, also one that OnClose
// takes. A *Session is never reused.
type Session struct {
	// Data is the hooks' own state. Set it in OnOpen; after that it is as safe as what it holds. Nil until
	// a hook sets it.
	Data any

	// Log gets this session's records, and is for the hooks to use. OnOpen may replace it, such as by
	// s.Log = s.Log.With("user", id); after that it must not change. The Handler's Logger until then.
	Log *slog.Logger

	// Set before OnOpen, then fixed.
	h           *Handler
	remote      string
	subprotocol string
	conn        wire.Conn

	// Set in ServeHTTP, before conn starts, then fixed.
	accepted bool // OnOpen returned nil

	finishing bool       // finishHooks waits for gos: none is added
	mu        sync.Mutex // guards finishing, and calls of gos.Go
	gos       sync.WaitGroup

	// Set by finishHooks before OnClose, then fixed.
	end *wire.End // why the session ended

	listed  atomic.Bool  // Sessions shows it
	pending atomic.Int32 // parts of the end that are to come: the connection's, the hooks'
}

// Context returns the session's context: the values of the request's, with chi's URL parameters, but
// neither its cancellation nor its deadline. It ends when the session does; context.Cause is then the
// error that OnClose gets.
func (s *Session) Context() context.Context { return s.conn.Context() }

// Subprotocol returns the one selected in the handshake; "" if the client offered none and was admitted.
func (s *Session) Subprotocol() string { return s.subprotocol }

// RemoteAddr returns r.RemoteAddr as ServeHTTP got it.
func (s *Session) RemoteAddr() string { return s.remote }

// Queued returns how many bytes of frames wait for the peer, beyond what the kernel has taken: up to
// Handler.WriteLimit and a little more.
func (s *Session) Queued() int { return s.conn.Queued() }

// Latency returns the time that the latest ping and its pong took, 0 if no ping has been answered yet. A hook
// that ran meanwhile is in it, since nothing is read until it returns.
func (s *Session) Latency() time.Duration { return s.conn.Latency() }

// SetReadLimit sets ReadLimit for this session's messages from the next one on, such as to raise it once the peer
// has authenticated: it is for OnOpen and OnMessage to call, and nobody else. Negative: no limit. 0: 1 MiB.
func (s *Session) SetReadLimit(n int64) { s.conn.SetReadLimit(cmp.Or(n, defaultReadLimit)) }

// Write queues a message and waits, if need be, until there is room for it: see Handler.WriteLimit. It waits
// once half of that waits. Nil means queued; p has then been copied. Messages leave whole, and in order for one caller. Text
// must be UTF-8, which Write does not check. If ctx ends first, nothing of the message is sent and
// the session goes on. Once the session is ending the error matches net.ErrClosed, and what OnClose gets.
func (s *Session) Write(ctx context.Context, typ websocket.MessageType, p []byte) error {
	return s.conn.Write(ctx, typ, p)
}

// TryWrite is Write without the wait: if there is no room its error matches ErrWriteLimit. It may fill all of
// WriteLimit, of which Write leaves half. It waits for no peer, and for other writers of the session only while
// one of them copies its message; beside one that deflates, its message goes uncompressed.
func (s *Session) TryWrite(typ websocket.MessageType, p []byte) error {
	return s.conn.TryWrite(typ, p)
}

// Close starts the end of the session: what was written before is sent, then a close frame with code
// and reason, and the peer has Handler.CloseTimeout to answer (RFC 6455 section 7.1.1). OnClose gets a websocket.CloseError
// with that code. It never waits and never fails; after the session has begun to end it does nothing.
//
// A reason is cut to 123 bytes of valid UTF-8. A code that may not be sent (RFC 6455 section 7.4)
// becomes 1011 and is logged; 1005 sends a close frame without a body.
func (s *Session) Close(code websocket.StatusCode, reason string) {
	e, valid := closing("closed", nil, code, reason)
	e.Err = websocket.CloseError{Code: e.Code, Reason: e.Reason}
	if s.conn.End(e) && !valid {
		s.logInvalidCode(code)
	}
}

// Go runs f in a goroutine that belongs to the session: OnClose waits for it. ctx is the session's.
// An error or a panic of f ends the session as a hook's does; nil ends nothing. Go may be called in
// hooks and in functions that it started; once the session is ending it does nothing.
func (s *Session) Go(f func(ctx context.Context) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.finishing || s.Context().Err() != nil {
		return
	}
	s.gos.Go(func() {
		s.guard(func() error { return f(s.Context()) })
	})
}

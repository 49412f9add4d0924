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

// Session is one open WebSocket. Its methods, SetReadLimit aside, may be called from any goroutine, in hooks
// and outside, and never deadlock: they call no hook. All but Write and WritePrepared are safe under any lock of
// yours, also one that OnClose takes. Those two may wait for a slow peer: a lock that is held around them is
// held as long, for WriteTimeout (10 s by default) if the peer takes nothing. A *Session is never reused.
type Session struct {
	// Data is the hooks' own state. Set it in OnOpen; after that it is as safe as what it holds. Nil until
	// a hook sets it.
	Data any

	// Log gets this session's records, which Handler.Logger describes, and is for the hooks to use. OnOpen may
	// replace it, such as by s.Log = s.Log.With("user", id), before it shares s or calls Go; after that it must
	// not change. Nil is the Handler's Logger, as is what it holds before OnOpen.
	Log *slog.Logger

	// Set before OnOpen, then fixed.
	h      *Handler
	remote string
	conn   wire.Conn

	subprotocol uint16 // which of the Handler's

	// Set in ServeHTTP, before conn starts, then fixed.
	accepted bool // OnOpen returned nil

	finishing bool       // finishHooks waits for gos: none is added
	mu        sync.Mutex // guards finishing, and calls of gos.Go
	gos       sync.WaitGroup

	listed  atomic.Bool  // Sessions shows it
	pending atomic.Int32 // parts of the end that are to come: the connection's, the hooks'
}

// Context returns the session's context: the values of the request's, with chi's URL parameters, but
// neither its cancellation nor its deadline. It ends when the session does; context.Cause is then the
// error that OnClose gets.
func (s *Session) Context() context.Context { return s.conn.Context() }

// Subprotocol returns the subprotocol that the handshake selected, "" if the client offered none and was admitted.
func (s *Session) Subprotocol() string { return s.h.set.subprotocols[s.subprotocol] }

// RemoteAddr returns the address of the client: the request's RemoteAddr as ServeHTTP got it. Behind a proxy that is
// the proxy's, unless a middleware has set it.
func (s *Session) RemoteAddr() string { return s.remote }

// Queued returns how many bytes of frames wait for the peer, beyond what the kernel has taken: up to
// Handler.WriteLimit and a little more.
func (s *Session) Queued() int { return s.conn.Queued() }

// Latency returns the time from the latest ping that was answered to its pong, 0 if none has been yet. A hook
// that ran meanwhile is in it, since nothing is read until it returns. Each PingInterval tells it anew; a pong that
// takes longer than that may be taken for the next ping's.
func (s *Session) Latency() time.Duration { return s.conn.Latency() }

// SetReadLimit sets how long this session's messages may be, in place of Handler.ReadLimit, from the next one on: such
// as to allow more once the peer has authenticated. OnOpen and OnMessage may call it, and nobody else. Negative: no
// limit. 0: 1 MiB.
func (s *Session) SetReadLimit(n int64) { s.conn.SetReadLimit(cmp.Or(n, defaultReadLimit)) }

// Write queues a message for the peer. If that finds no room in half of Handler.WriteLimit, Write first waits for
// some: with a peer that takes nothing, until WriteTimeout ends the session. Nil means queued; p has then been copied.
// Messages leave whole, and in order for one caller. Text must be UTF-8, which Write does not check.
//
// If ctx ends first, nothing of the message is sent and the session goes on. Once the session is ending the error
// matches net.ErrClosed, and the error that OnClose gets. A hook may return it, also that of another session: see
// MessageFunc.
func (s *Session) Write(ctx context.Context, typ websocket.MessageType, p []byte) error {
	return s.conn.Write(ctx, typ, p)
}

// TryWrite queues a message as Write does, but never waits for room: if there is none its error matches
// ErrWriteLimit, and the session goes on. It may fill all of Handler.WriteLimit, of which Write leaves half. It is
// what a broadcast wants, which may skip the session or count what it has missed; a peer that takes nothing at
// all is ended by WriteTimeout anyway. It waits for other writers of the session only while one of them copies its
// message; beside one that deflates, its message goes uncompressed.
func (s *Session) TryWrite(typ websocket.MessageType, p []byte) error {
	return s.conn.TryWrite(typ, p)
}

// Close starts the end of the session: what was written before is sent, then a close frame with code
// and reason, and the peer has Handler.CloseTimeout to answer (RFC 6455 section 7.1.1). OnClose gets a websocket.CloseError
// with that code. Close never waits and never fails; after the session has begun to end it does nothing.
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

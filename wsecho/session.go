package wsecho

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

// Session is one open WebSocket. Its methods may be called from any goroutine, in hooks and outside,
// and never deadlock: they call no hook, so they are safe under a lock that OnClose takes. Write may
// wait, the others never do. A *Session is never reused.
type Session struct {
	// Data is the hooks' own state. Set it in OnOpen; after that it is as safe as what it holds. Nil until
	// a hook sets it.
	Data any

	// What follows up to in is set before OnOpen and stays.
	h           *Handler
	remote      string
	subprotocol string
	opened      time.Time
	ctx         context.Context
	cancel      context.CancelCauseFunc
	sock        socket
	z           *deflater // nil: no compression

	in    input        // the session's goroutine's; nobody's while there is none
	quiet quiet        // likewise
	mine  bool         // likewise: that goroutine itself ended the session
	phase atomic.Int32 // reading, working or ended

	mu    sync.Mutex // guards what follows up to keep; nothing waits under it
	out   output
	cause *ending // why the session ends; the first stays
	dead  bool    // the connection is given up: nothing is delivered, no deadline set
	keep  keepalive

	received tally          // messages to the hooks, written by the session's goroutine
	gos      sync.WaitGroup // functions of Go; added to under mu while cause is nil
	helped   bool           // Go was called; under mu until the end, fixed after it
	accepted bool           // OnOpen returned nil; set in ServeHTTP, before the goroutine starts
	listed   atomic.Bool    // Sessions shows it
	parts    atomic.Int32   // of the end: the connection is gone, the hooks are done
}

// The phases of a session. Its goroutine goes from reading to working and back; end moves to ended,
// once, and what it moved from tells who does what from there: see end.
const (
	working int32 = iota // a hook may be running, in the session's goroutine or (OnOpen) in ServeHTTP
	reading              // the session's goroutine waits for bytes, or there is none
	ended
)

// Context is the session's context: the values of the request's, with chi's URL parameters, but
// neither its cancellation nor its deadline. It ends when the session does; context.Cause is then the
// error that OnClose gets.
func (s *Session) Context() context.Context { return s.ctx }

// Subprotocol is the one selected in the handshake; "" if the client offered none and was admitted.
func (s *Session) Subprotocol() string { return s.subprotocol }

// RemoteAddr is r.RemoteAddr as ServeHTTP got it.
func (s *Session) RemoteAddr() string { return s.remote }

// Write queues a message and waits, if need be, until there is room for it: see Handler.WriteLimit.
// Nil means queued; p has then been copied. Messages leave whole, and in order for one caller. Text
// must be UTF-8, which Write does not check. If ctx ends first, nothing of the message is sent and
// the session goes on. Once the session is ending the error matches net.ErrClosed, and what OnClose gets.
func (s *Session) Write(ctx context.Context, typ websocket.MessageType, p []byte) error {
	for {
		room, err := s.send(ctx, typ, p)
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
func (s *Session) TryWrite(typ websocket.MessageType, p []byte) error {
	_, err := s.send(context.Background(), typ, p)
	return err
}

// Close starts the end of the session: what was written before is sent, then a close frame with code
// and reason, and the peer has Handler.CloseTimeout to answer. OnClose gets a websocket.CloseError
// with that code. It never waits and never fails; after the session has begun to end it does nothing.
//
// A reason is cut to 123 bytes of valid UTF-8. A code that may not be sent (RFC 6455 section 7.4)
// becomes 1011 and is logged; 1005 sends a close frame without a body.
func (s *Session) Close(code websocket.StatusCode, reason string) {
	e, fit := closing("closed", nil, code, reason)
	e.err = websocket.CloseError{Code: e.code, Reason: e.reason}
	if s.end(e, false) && !fit {
		s.logUnfit(code)
	}
}

// Go runs f in a goroutine that belongs to the session: OnClose waits for it. ctx is the session's.
// An error or a panic of f ends the session as a hook's does; nil ends nothing. Go may be called in
// hooks and in functions that it started; once the session is ending it does nothing.
func (s *Session) Go(f func(ctx context.Context) error) {
	s.mu.Lock()
	over := s.cause != nil
	if !over {
		s.gos.Add(1)
		s.helped = true
	}
	s.mu.Unlock()
	if over {
		return
	}
	go func() {
		defer s.gos.Done()
		returned := false
		defer func() {
			if !returned {
				s.end(goexit, false)
			}
		}()
		err := s.guard(func() error { return f(s.ctx) })
		returned = true
		s.hookReturned(err, false)
	}()
}

// end gives the session its cause; only the first counts, and end says whether this one did. self:
// the session's goroutine itself ends it, outside any hook.
//
// From here the work has two parts. One is the connection's (teardown.go): drain reads and drops until
// the peer's EOF or a timeout, then closes it. The other is the hooks': farewell waits for those that run,
// then calls OnClose. A hook at work must not keep the peer waiting, nor a silent peer OnClose, so:
//
//	ended by                            drain                       farewell
//	the session's goroutine             that goroutine              a new one, unless there is no hook to wait for
//	another, while a hook runs          a new one                   the hook's, once it has returned
//	another, while it waits or is none  that goroutine, or a woken  a new one
func (s *Session) end(e *ending, self bool) bool {
	s.mu.Lock()
	if s.cause != nil {
		s.mu.Unlock()
		return false
	}
	s.cause, s.mine = e, self
	from := s.phase.Swap(ended)
	s.cancel(e.err)
	s.closeOutput(e)
	s.mu.Unlock()
	switch {
	case self:
	case from == working:
		go s.drain(new(input))
	default:
		go s.farewell()
	}
	return true
}

// over is Write's error once the session is ending, nil before.
func (s *Session) over() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.overLocked()
}

func (s *Session) overLocked() error {
	if s.cause != nil {
		return &overError{s, s.cause.err}
	}
	return s.out.err
}

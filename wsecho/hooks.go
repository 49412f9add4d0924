package wsecho

import (
	"context"
	"net/http"
	"runtime/debug"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho/internal/wire"
)

// MessageFunc gets one whole message. ctx is s.Context(). p is the hook's to read and to change until
// it returns; clone it for a goroutine. Text is valid UTF-8.
//
// An error ends the session. A websocket.CloseError itself, not wrapped, is the close code and reason
// that the peer sees; any other error is logged and sent as 1011 without a text, as is a panic. What
// Write says of this very session, that its peer is gone, is no error of the hook's, nor is an error
// that wraps it or that joins it with others.
type MessageFunc func(ctx context.Context, s *Session, typ websocket.MessageType, p []byte) error

// Echo is the MessageFunc that sends every message back.
func Echo(ctx context.Context, s *Session, typ websocket.MessageType, p []byte) error {
	return s.Write(ctx, typ, p)
}

// open runs OnOpen, within ServeHTTP, and starts the session.
func (s *Session) open(r *http.Request) {
	if s.h.reg.enter(s) { // Shutdown has begun: too late for OnOpen
		s.accepted = s.h.OnOpen == nil
		s.listed.Store(s.accepted)
		s.conn.End(shutdown)
		if s.h.reg.late.Err() != nil { // and for a close handshake
			s.conn.Abort()
		}
		s.conn.Start()
		return
	}
	defer s.conn.Start() // also if OnOpen ends this goroutine
	if s.h.OnOpen != nil {
		if err := s.guard(func() error { return s.h.OnOpen(s, r.WithContext(s.Context())) }); err != nil {
			s.conn.End(wire.Lost(err)) // unless guard has ended it: Write said that the peer is gone
			return
		}
	}
	s.accepted = true
	s.listed.Store(true)
}

// Go runs f in a goroutine that belongs to the session: OnClose waits for it. ctx is the session's.
// An error or a panic of f ends the session as a hook's does; nil ends nothing. Go may be called in
// hooks and in functions that it started; once the session is ending it does nothing.
func (s *Session) Go(f func(ctx context.Context) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over || s.Context().Err() != nil {
		return
	}
	s.gos.Go(func() {
		s.guard(func() error { return f(s.Context()) })
	})
}

// events is a Session as its connection sees it.
type events Session

// Message hands one message to OnMessage.
func (ev *events) Message(typ websocket.MessageType, p []byte) {
	s := (*Session)(ev)
	if err := s.onMessage(typ, p); err != nil {
		s.returned(err)
	}
}

// Ended sees to the hooks' part of the end: no hook runs, and none but OnClose will.
func (ev *events) Ended(e *wire.End) { (*Session)(ev).farewell(e) }

// Closed: the connection's part is done.
func (ev *events) Closed() { (*Session)(ev).part() }

func (s *Session) onMessage(typ websocket.MessageType, p []byte) (err error) {
	defer recovered(&err)
	return s.h.set.message(s.Context(), s, typ, p)
}

// guard runs a hook, and ends the session if that fails. OnMessage needs none: package wire sees to a
// goroutine of its own that ends.
func (s *Session) guard(hook func() error) error {
	exited := true
	defer func() {
		if exited {
			s.conn.End(wire.Goexit)
		}
	}()
	err := safely(hook)
	exited = false
	if err != nil {
		s.returned(err)
	}
	return err
}

// safely turns a panic of f into its error.
func safely(f func() error) (err error) {
	defer recovered(&err)
	return f()
}

func recovered(err *error) {
	if v := recover(); v != nil {
		*err = &PanicError{Value: v, Stack: debug.Stack()}
	}
}

// returned ends the session if a hook's error asks for it.
func (s *Session) returned(err error) {
	switch ce, closes := err.(websocket.CloseError); {
	case closes:
		e, fit := closing("hook", err, ce.Code, ce.Reason)
		if s.conn.End(e) && !fit {
			s.logUnfit(ce.Code)
		}
	case s.isWriteError(err):
		// The peer is gone, as Write said. The reader knows better why, or soon will.
	case !s.conn.End(failed(err)):
		s.logPanic(err)
	}
}

// isWriteError: err is what Write has returned of this session, not a panic with it. A hook's error may
// panic too.
func (s *Session) isWriteError(err error) (own bool) {
	defer func() {
		if recover() != nil {
			own = false
		}
	}()
	_, panicked := err.(*PanicError)
	return !panicked && s.conn.Returned(err)
}

// farewell is the hooks' part of the end.
func (s *Session) farewell(e *wire.End) {
	defer s.part()
	s.end = e
	s.logEnd() // first, as a function of Go may hang
	s.mu.Lock()
	s.over = true
	s.mu.Unlock()
	s.gos.Wait()
	if !s.accepted {
		return
	}
	defer s.listed.Store(false)
	if s.h.OnClose == nil {
		return
	}
	ctx, cancel := s.h.reg.closeContext(s.Context())
	defer cancel()
	s.logPanic(safely(func() error { s.h.OnClose(ctx, s, e.Err); return nil }))
}

// part ends one part of the end; the second leaves the registry, and the session is no more.
func (s *Session) part() {
	if s.parts.Add(-1) == 0 {
		s.h.reg.leave(s)
	}
}

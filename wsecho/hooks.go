package wsecho

import (
	"context"
	"net/http"
	"runtime/debug"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho/internal/wire"
)

// MessageFunc is the type of Handler.OnMessage: it gets one whole message of s. ctx is s.Context(). p is the hook's to
// read and to change until it returns; clone it for a goroutine. Text is valid UTF-8.
//
// While it runs nothing more of the peer is looked at, and so its pings are not answered: a client may take
// the session for dead (Python's websockets does after 20 s). Work that takes longer belongs in Session.Go.
//
// An error ends the session. A websocket.CloseError itself, not wrapped, is the close code and reason
// that the peer sees. Any other error is logged and sent as 1011 without a text, and so is a panic. But a hook may
// return what a write says:
//
//   - That this session's peer has gone is no error of the hook's, and is not logged: the session ends by what
//     made the peer go. That holds for an error which wraps it or joins it with others, too.
//   - What is wrong with another session ends this one no more than that, and is logged at Debug. If it is joined
//     (errors.Join) with an error of the hook's own, that one counts.
//   - ErrWriteLimit of this session is an error of the hook's own. So is the end of the ctx of a Write to it, and
//     a message type that is neither text nor binary, whichever session that was written to.
type MessageFunc func(ctx context.Context, s *Session, typ websocket.MessageType, p []byte) error

// Echo is the MessageFunc that sends every message back.
func Echo(ctx context.Context, s *Session, typ websocket.MessageType, p []byte) error {
	return s.Write(ctx, typ, p)
}

// open runs OnOpen, within ServeHTTP, and starts the session.
func (s *Session) open(r *http.Request) {
	defer s.conn.Start() // also if OnOpen ends this goroutine
	if s.h.reg.add(s) {  // Shutdown has begun: too late for OnOpen
		s.accepted = s.h.OnOpen == nil
		s.listed.Store(s.accepted)
		s.conn.End(s.h.set.goodbye)
		if s.h.reg.onCloseCtx.Err() != nil { // and for a close handshake
			s.conn.Abort()
		}
		return
	}
	if s.h.OnOpen != nil {
		if err := s.guard(func() error { return s.h.OnOpen(s, r.WithContext(s.Context())) }); err != nil {
			s.conn.End(wire.Lost(err)) // unless guard has ended it: Write has said that the peer is gone
			return
		}
	}
	s.accepted = true
	s.listed.Store(true)
}

// events is a Session as its connection sees it: a wire.Handler, which the public Session is not.
type events Session

// Message hands one message to OnMessage.
func (ev *events) Message(typ websocket.MessageType, p []byte) {
	s := (*Session)(ev)
	if err := s.onMessage(typ, p); err != nil {
		s.returned(err)
	}
}

// Ended ends the hooks: none runs, and none but OnClose will.
func (ev *events) Ended(e *wire.End) { (*Session)(ev).finishHooks(e) }

// Closed notes that the connection's part of the end is done.
func (ev *events) Closed() { (*Session)(ev).release() }

// onMessage calls OnMessage. A panic becomes its error.
func (s *Session) onMessage(typ websocket.MessageType, p []byte) (err error) {
	defer recovered(&err)
	return s.h.set.message(s.Context(), s, typ, p)
}

// guard runs a hook, and ends the session if that fails or ends its goroutine. Its error is that of a hook
// which failed. OnMessage needs no guard: package wire sees to a goroutine of its own that ends.
func (s *Session) guard(hook func() error) error {
	exited := true
	defer func() {
		if exited {
			s.conn.End(wire.Goexit)
		}
	}()
	err := safely(hook)
	exited = false
	if err == nil || !s.returned(err) {
		return nil
	}
	return err
}

// safely calls f. A panic becomes its error.
func safely(f func() error) (err error) {
	defer recovered(&err)
	return f()
}

// recovered, deferred, turns a panic into *err.
func recovered(err *error) {
	if v := recover(); v != nil {
		*err = &PanicError{Value: v, Stack: debug.Stack()}
	}
}

// returned does what a hook's error asks for, and says whether the session ends by it.
func (s *Session) returned(err error) (ends bool) {
	if ce, ok := err.(websocket.CloseError); ok {
		e, valid := closing("hook", err, ce.Code, ce.Reason)
		if s.conn.End(e) && !valid {
			s.logInvalidCode(ce.Code)
		}
		return true
	}
	switch s.blameFor(err) {
	case blameOther:
		s.logOtherSession(err)
		return false
	case blamePeer: // the reader knows better why, or soon will
	default:
		if !s.conn.End(failed(err)) {
			s.logPanic(err)
		}
	}
	return true
}

// finishHooks is the hooks' part of the end: it waits for the functions of Go, then calls OnClose.
func (s *Session) finishHooks(e *wire.End) {
	defer s.release()
	s.logEnd(e) // first, as a function of Go may hang
	s.mu.Lock()
	s.finishing = true
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
	s.logPanic(safely(func() error { s.h.OnClose(ctx, s, e); return nil }))
}

// release ends one of the two parts of the end, the connection's and the hooks'; with the second the session
// leaves the registry and is no more.
func (s *Session) release() {
	if s.pending.Add(-1) == 0 {
		s.h.reg.remove(s)
	}
}

// blame is whose fault an error is that a hook returns.
type blame int

const (
	blameHook  blame = iota // the hook's
	blamePeer               // the peer's, who is gone, as Write has said of this session
	blameOther              // another session's alone, which Write or TryWrite has said
)

// blameFor says whose fault err is. Of errors that are joined one of the hook's own counts, but for what Write
// says of this session's end: the hook may have failed because of that.
func (s *Session) blameFor(err error) (b blame) {
	defer func() {
		if recover() != nil { // an Unwrap of the service's
			b = blameHook
		}
	}()
	switch e := err.(type) {
	case *PanicError: // though it may be one with an error of Write
	case wire.WriteError:
		switch {
		case !e.Of(&s.conn):
			return blameOther
		case e.Ended():
			return blamePeer
		}
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			return s.blameFor(inner)
		}
	case interface{ Unwrap() []error }:
		return s.blameForAll(e.Unwrap())
	}
	return blameHook
}

// blameForAll is blameFor of errors that are joined.
func (s *Session) blameForAll(errs []error) blame {
	all := blameOther
	if len(errs) == 0 {
		all = blameHook
	}
	for _, err := range errs {
		switch s.blameFor(err) {
		case blamePeer:
			return blamePeer
		case blameHook:
			all = blameHook
		}
	}
	return all
}

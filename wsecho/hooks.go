package wsecho

import (
	"context"
	"errors"
	"net/http"
	"runtime/debug"

	"github.com/coder/websocket"
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

// goexit is the end of a session whose hook ended its goroutine (runtime.Goexit, t.FailNow).
var goexit = failed(errors.New("wsecho: a hook ended its goroutine"))

// open runs OnOpen, within ServeHTTP, and starts the session's goroutine.
func (s *Session) open(r *http.Request) {
	if s.h.reg.enter(s) { // Shutdown has begun: too late for OnOpen
		s.accepted = s.h.OnOpen == nil
		s.listed.Store(s.accepted)
		s.end(shutdown, false)
		if s.h.reg.late.Err() != nil { // and for a close handshake
			s.cut()
		}
		go s.farewell()
		return
	}
	s.startKeepalive()
	returned := false
	defer func() {
		if !returned {
			s.end(goexit, false)
			go s.farewell()
		}
	}()
	var err error
	if s.h.OnOpen != nil {
		err = s.guard(func() error { return s.h.OnOpen(s, r.WithContext(s.ctx)) })
	}
	returned = true
	s.accepted = err == nil
	s.listed.Store(s.accepted)
	s.hookReturned(err, false)
	if err != nil {
		s.end(lost(err), false) // unless it has been: Write said that the peer is gone
	}
	s.keep.alive.Store(true) // what OnOpen kept from being read counts, as after any hook
	if s.phase.CompareAndSwap(working, reading) {
		go s.run(false)
	} else {
		s.drop()
		go s.farewell()
	}
}

// message hands one message to OnMessage, in the session's goroutine.
func (s *Session) message(typ websocket.MessageType, p []byte) {
	if s.phase.Load() == ended { // while the message was inflated or checked
		return
	}
	s.quiet.busy = true
	s.in.count(len(p))
	if s.in.r == s.in.w { // the hook may take long
		s.in.publish(&s.received)
	}
	if err := s.onMessage(typ, p); err != nil {
		s.hookReturned(err, true)
	}
}

func (s *Session) onMessage(typ websocket.MessageType, p []byte) (err error) {
	defer s.recovered(&err)
	return s.h.set.message(s.ctx, s, typ, p)
}

// guard turns a panic of f into its error.
func (s *Session) guard(f func() error) (err error) {
	defer s.recovered(&err)
	return f()
}

func (s *Session) recovered(err *error) {
	if v := recover(); v != nil {
		*err = &PanicError{Value: v, Stack: debug.Stack()}
	}
}

// hookReturned ends the session if a hook's error asks for it.
func (s *Session) hookReturned(err error, self bool) {
	switch ce, closes := err.(websocket.CloseError); {
	case err == nil:
	case closes:
		e, fit := closing("hook", err, ce.Code, ce.Reason)
		if s.end(e, self) && !fit {
			s.logUnfit(ce.Code)
		}
	case s.said(err):
		// The peer is gone, as Write said. The reader knows better why, or soon will.
	case !s.end(failed(err), self):
		s.logPanic(err)
	}
}

// said: err is what Write has said of this session, not a panic with it. A hook's error may panic too.
func (s *Session) said(err error) (own bool) {
	defer func() {
		if recover() != nil {
			own = false
		}
	}()
	var over *overError
	_, panicked := err.(*PanicError)
	return !panicked && errors.As(err, &over) && over.s == s
}

// failed is the end by a hook's error or panic; the peer is not told what it says.
func failed(err error) *ending {
	label := "error"
	if _, ok := err.(*PanicError); ok {
		label = "panic"
	}
	return &ending{label: label, err: err, code: websocket.StatusInternalError}
}

// farewell is the hooks' part of the end. No hook runs when it starts and none starts any more.
func (s *Session) farewell() {
	defer s.part()
	s.logEnd() // first, as a function of Go may hang
	s.gos.Wait()
	if !s.accepted {
		return
	}
	defer s.listed.Store(false)
	if s.h.OnClose == nil {
		return
	}
	ctx, cancel := s.h.reg.closeContext(s.ctx)
	defer cancel()
	s.logPanic(s.guard(func() error { s.h.OnClose(ctx, s, s.cause.err); return nil }))
}

// part ends one part of the end; the second leaves the registry, and the session is no more.
func (s *Session) part() {
	if s.parts.Add(-1) == 0 {
		s.h.reg.leave(s)
	}
}

package wsecho

import (
	"errors"
	"fmt"
	"net"

	"github.com/coder/websocket"
)

var (
	// ErrShutdown is OnClose's error when Shutdown or Close of the Handler ended the session.
	ErrShutdown = errors.New("wsecho: shutting down")
	// ErrPongTimeout is OnClose's error when no byte came within PongTimeout of a ping.
	ErrPongTimeout = errors.New("wsecho: no sign of life after a ping")
	// ErrWriteTimeout is OnClose's error when the peer took nothing for WriteTimeout.
	ErrWriteTimeout = errors.New("wsecho: the peer takes nothing")
	// ErrWriteLimit is TryWrite's error when the message finds no room; see Handler.WriteLimit.
	ErrWriteLimit = errors.New("wsecho: too much waits for the peer")
)

// PanicError is OnClose's error when a hook, or a function of Session.Go, panicked.
type PanicError struct {
	Value any    // what it panicked with
	Stack []byte // of the goroutine that panicked
}

func (e *PanicError) Error() string { return fmt.Sprintf("wsecho: hook panicked: %v", e.Value) }

// Unwrap returns Value if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// ending is why a session ends: how it is counted, what OnClose and what the peer is told.
type ending struct {
	label  string
	err    error
	code   websocket.StatusCode // 0: no close frame
	reason string
}

var (
	shutdown     = &ending{label: "shutdown", err: ErrShutdown, code: websocket.StatusGoingAway}
	pongTimeout  = &ending{label: "pong_timeout", err: ErrPongTimeout, code: websocket.StatusInternalError}
	writeTimeout = &ending{label: "write_timeout", err: ErrWriteTimeout}
	tooBig       = &ending{label: "too_big", err: fmt.Errorf("wsecho: %w", websocket.ErrMessageTooBig),
		code: websocket.StatusMessageTooBig, reason: "message too big"}
)

func violation(what string) *ending {
	return &ending{label: "protocol", err: errors.New("wsecho: protocol violation: " + what),
		code: websocket.StatusProtocolError, reason: what}
}

func invalid(what string, err error) *ending {
	e := &ending{label: "invalid", err: errors.New("wsecho: invalid data: " + what),
		code: websocket.StatusInvalidFramePayloadData, reason: what}
	if err != nil {
		e.err = fmt.Errorf("wsecho: invalid data: %s: %w", what, err)
	}
	return e
}

func peerClosed(ce websocket.CloseError) *ending {
	return &ending{label: "peer", err: ce, code: ce.Code}
}

func lost(err error) *ending {
	return &ending{label: "lost", err: fmt.Errorf("wsecho: connection lost: %w", err)}
}

// closing is the end that a close code asks for, made fit to be sent; fit says whether the code was.
func closing(label string, err error, code websocket.StatusCode, reason string) (e *ending, fit bool) {
	if fit = sendable(code) || code == websocket.StatusNoStatusRcvd; !fit {
		code = websocket.StatusInternalError
	}
	return &ending{label: label, err: err, code: code, reason: cutReason(reason)}, fit
}

// overError is Write's error for a session that is ending, or whose peer is gone. It matches net.ErrClosed.
type overError struct {
	s   *Session // a hook that returns it says nothing new about this session, and something about any other
	err error
}

func (e *overError) Error() string   { return fmt.Sprintf("wsecho: session over: %v", e.err) }
func (e *overError) Unwrap() []error { return []error{net.ErrClosed, e.err} }

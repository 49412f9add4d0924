package wsecho

import (
	"errors"
	"fmt"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho/internal/frame"
	"example.com/wsecho/wsecho/internal/wire"
)

var (
	// ErrShutdown is OnClose's error when Shutdown or Close of the Handler ended the session.
	ErrShutdown = errors.New("wsecho: shutting down")
	// ErrPongTimeout is OnClose's error when no byte came within PongTimeout of a ping.
	ErrPongTimeout = wire.ErrPongTimeout
	// ErrReadTimeout is OnClose's error when a message was not whole within ReadTimeout.
	ErrReadTimeout = wire.ErrReadTimeout
	// ErrWriteTimeout is OnClose's error when the peer took nothing for WriteTimeout.
	ErrWriteTimeout = wire.ErrWriteTimeout
	// ErrWriteLimit is matched by TryWrite's error when the message finds no room; see Handler.WriteLimit.
	ErrWriteLimit = wire.ErrWriteLimit
)

// Cause returns the label in Stats.Ended of the error that OnClose gets, or that context.Cause tells of a
// session's context, also where it is wrapped; "" for any other.
func Cause(err error) string {
	var e *wire.End
	if !errors.As(err, &e) {
		return ""
	}
	return e.Label
}

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

// goodbye returns the end by Shutdown and Close. With what failed and closing return it is one of those that the
// service brings about; package wire has those that the connection does. The code is valid if it may be sent.
func goodbye(ce websocket.CloseError) (e *wire.End, valid bool) {
	if ce == (websocket.CloseError{}) {
		ce.Code = websocket.StatusGoingAway
	}
	return closing("shutdown", ErrShutdown, ce.Code, ce.Reason)
}

// failed returns the end by a hook's error or panic; the peer is not told what it says.
func failed(err error) *wire.End {
	label := "error"
	if _, ok := err.(*PanicError); ok {
		label = "panic"
	}
	return &wire.End{Label: label, Err: err, Code: websocket.StatusInternalError}
}

// closing returns the end that a close code asks for. Where the code is not valid, since it may not be sent,
// 1011 stands in for it.
func closing(label string, err error, code websocket.StatusCode, reason string) (e *wire.End, valid bool) {
	if valid = frame.Sendable(code) || code == websocket.StatusNoStatusRcvd; !valid {
		code = websocket.StatusInternalError
	}
	return &wire.End{Label: label, Err: err, Code: code, Reason: frame.TruncateReason(reason)}, valid
}

package wsecho

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho/internal/frame"
	"example.com/wsecho/wsecho/internal/wire"
)

var (
	// ErrShutdown is matched by OnClose's error when Shutdown or Close of the Handler ended the session.
	ErrShutdown = errors.New("wsecho: shutting down")
	// ErrPongTimeout is matched by OnClose's error when no byte came within Handler.PongTimeout of a ping.
	ErrPongTimeout = wire.ErrPongTimeout
	// ErrReadTimeout is matched by OnClose's error when a message was not whole within Handler.ReadTimeout of its first byte.
	ErrReadTimeout = wire.ErrReadTimeout
	// ErrWriteTimeout is matched by OnClose's error when the peer took nothing for Handler.WriteTimeout.
	ErrWriteTimeout = wire.ErrWriteTimeout
	// ErrWriteLimit is matched by the error of TryWrite and TryWritePrepared when the message finds no room beside
	// what waits for the peer; see Handler.WriteLimit.
	ErrWriteLimit = wire.ErrWriteLimit
)

// Cause returns the label under which Stats.Ended counts a session, such as "peer" or "pong_timeout". err is
// OnClose's error, that of context.Cause(s.Context()) or one that wraps it; of any other the label is "".
func Cause(err error) string {
	var e *wire.End
	if !errors.As(err, &e) {
		return ""
	}
	return e.Label
}

// PanicError is found by errors.As in OnClose's error when a hook, or a function of Session.Go, panicked.
type PanicError struct {
	Value any    // what the hook panicked with
	Stack []byte // of the goroutine that panicked
}

// Error names the panic's value, and has nothing of the stack.
func (e *PanicError) Error() string { return fmt.Sprintf("wsecho: hook panicked: %v", e.Value) }

// Unwrap returns Value if that is an error, else nil.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// goodbye returns the end by Shutdown and Close. With what failed and closing return it is one of those that the
// service brings about; package wire has those that the connection does. The code is valid if it may be sent.
func goodbye(ce websocket.CloseError) (e *wire.End, valid bool) {
	return closing("shutdown", ErrShutdown, cmp.Or(ce.Code, websocket.StatusGoingAway), ce.Reason)
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

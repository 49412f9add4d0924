package wire

import (
	"errors"
	"fmt"
	"net"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho/internal/frame"
)

var (
	// ErrPongTimeout is the end's error when no byte came within PongTimeout of a ping.
	ErrPongTimeout = errors.New("wsecho: no sign of life after a ping")
	// ErrReadTimeout is the end's error when a message was not whole within ReadTimeout.
	ErrReadTimeout = errors.New("wsecho: a message takes too long to arrive")
	// ErrWriteTimeout is the end's error when the peer took nothing for WriteTimeout.
	ErrWriteTimeout = errors.New("wsecho: the peer takes nothing")
)

// End is why a connection ends: how that is counted, what the Handler and what the peer is told. It is also the
// error that says so: what Context ends with, and what Write returns from then on.
type End struct {
	Label  string
	Err    error
	Code   websocket.StatusCode // fit to be sent; 0: no close frame
	Reason string               // fit to be sent

	// peerDone says that nothing more is awaited of the peer: its close frame is in, it has gone, or
	// it broke the protocol, so that nobody knows any more where its frames end.
	peerDone bool
	// hopeless says that the peer does not answer: it is not waited for.
	hopeless bool
}

var (
	pongTimeout = &End{Label: "pong_timeout", Err: ErrPongTimeout, Code: websocket.StatusInternalError, hopeless: true}
	readTimeout = &End{Label: "read_timeout", Err: ErrReadTimeout, Code: websocket.StatusPolicyViolation,
		Reason: "message takes too long to arrive"}
	writeTimeout = &End{Label: "write_timeout", Err: ErrWriteTimeout, hopeless: true}
	tooBig       = &End{Label: "too_big", Err: fmt.Errorf("wsecho: %w", websocket.ErrMessageTooBig),
		Code: websocket.StatusMessageTooBig, Reason: "message too big"}
)

// Error says what Err does.
func (e *End) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *End) Unwrap() error { return e.Err }

// As finds the close frame that ended the connection, ours or, if it came first, the peer's: so that
// websocket.CloseStatus tells its code, whatever Err is or wraps.
func (e *End) As(target any) bool {
	closed, ok := target.(*websocket.CloseError)
	if !ok || e.Code == 0 {
		return false
	}
	if peer, ok := e.Err.(websocket.CloseError); ok && e.peerDone {
		*closed = peer
	} else {
		*closed = websocket.CloseError{Code: e.Code, Reason: e.Reason}
	}
	return true
}

// Goexit is the end of a connection whose Handler ended its goroutine (runtime.Goexit, t.FailNow).
var Goexit = &End{Label: "error", Err: errors.New("wsecho: a hook ended its goroutine"), Code: websocket.StatusInternalError}

// wrong returns the end that follows from err, which says what is wrong with the peer's bytes.
func wrong(err error) *End {
	e, ok := err.(*frame.Error)
	switch {
	case !ok:
		return tooBig
	case e.Code == websocket.StatusProtocolError:
		return &End{Label: "protocol", Err: fmt.Errorf("wsecho: protocol violation: %w", e), Code: e.Code, Reason: e.Reason, peerDone: true}
	}
	return &End{Label: "invalid", Err: fmt.Errorf("wsecho: invalid data: %w", e), Code: e.Code, Reason: e.Reason}
}

// peerClosed returns the end by the peer's close frame, whose payload is p.
func peerClosed(p []byte) *End {
	ce, err := frame.ParseClose(p, true)
	if err != nil {
		e := wrong(err)
		e.peerDone = true
		return e
	}
	return &End{Label: "peer", Err: ce, Code: ce.Code, peerDone: true}
}

// Lost returns the end of a connection that failed, or whose peer went without a close frame.
func Lost(err error) *End {
	return &End{Label: "lost", Err: fmt.Errorf("wsecho: connection lost: %w", err), peerDone: true}
}

// End ends the connection; only the first call counts, and End says whether this one did.
//
// From here the work has two parts. One is the connection's: drain reads and drops what still comes, until
// both close frames are through, and closes the socket (close.go). The other is the Handler's: Ended, once
// no Message runs. A Message at work must not keep the peer waiting, nor a silent peer Ended; so, if the
// connection was
//
//	working  a new goroutine drains; the Message's own calls Ended when it has returned
//	reading  the reader drains, once it has bytes, an EOF or a timeout; a new goroutine calls Ended
func (c *Conn) End(e *End) (first bool) {
	c.mu.Lock()
	if c.end != nil {
		c.mu.Unlock()
		return false
	}
	c.end, c.peerDone = e, e.peerDone
	from := c.phase.Swap(ended)
	var rest *discarder
	if from == working {
		rest = c.in.rest() // under mu: the reader gives its buffer back under mu too
	}
	c.cancel(e)
	c.closeOutput()
	if e.hopeless {
		c.abort()
	}
	c.mu.Unlock()
	if from == working {
		go c.drain(rest)
	} else {
		go c.handler.Ended(e)
	}
	return true
}

// ErrWriteLimit is what TryWrite's error wraps when the message finds no room.
var ErrWriteLimit = errors.New("wsecho: too much waits for the peer")

// WriteError is an error of Write or TryWrite. It knows of which connection.
type WriteError interface {
	error
	Of(c *Conn) bool // c is the connection that was written to
	Ended() bool     // it is ending, or its peer is gone
}

// endedError is the WriteError of a connection that is ending, or whose peer is gone. It matches
// net.ErrClosed.
type endedError struct {
	conn *Conn
	err  error
}

// Error says that the session is over, and why.
func (e *endedError) Error() string { return fmt.Sprintf("wsecho: session over: %v", e.err) }

// Unwrap returns net.ErrClosed and why.
func (e *endedError) Unwrap() []error { return []error{net.ErrClosed, e.err} }

func (e *endedError) Of(c *Conn) bool { return e.conn == c }
func (e *endedError) Ended() bool     { return true }

// contextError is Write's WriteError when its context ends first.
type contextError struct {
	conn *Conn
	err  error
}

func (e *contextError) Error() string   { return fmt.Sprintf("wsecho: write: %v", e.err) }
func (e *contextError) Unwrap() error   { return e.err }
func (e *contextError) Of(c *Conn) bool { return e.conn == c }
func (e *contextError) Ended() bool     { return false }

// limitError is TryWrite's WriteError when there is no room: the Conn itself, so that a broadcast to slow
// peers allocates nothing.
type limitError Conn

func (e *limitError) Error() string   { return ErrWriteLimit.Error() }
func (e *limitError) Unwrap() error   { return ErrWriteLimit }
func (e *limitError) Of(c *Conn) bool { return (*Conn)(e) == c }
func (e *limitError) Ended() bool     { return false }

// errEnded returns Write's error once the connection is ending, nil before. Under mu.
func (c *Conn) errEnded() error {
	if c.end != nil {
		return &endedError{c, c.end}
	}
	if c.out.err != nil {
		return c.out.err
	}
	return nil
}

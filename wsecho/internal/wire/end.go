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
	// ErrWriteTimeout is the end's error when the peer took nothing for WriteTimeout.
	ErrWriteTimeout = errors.New("wsecho: the peer takes nothing")
	// ErrWriteLimit is TryWrite's error when the message finds no room.
	ErrWriteLimit = errors.New("wsecho: too much waits for the peer")
)

// End is why a connection ends: how that is counted, what the Handler and what the peer is told.
type End struct {
	Label  string
	Err    error
	Code   websocket.StatusCode // fit to be sent; 0: no close frame
	Reason string               // likewise
}

var (
	pongTimeout  = &End{Label: "pong_timeout", Err: ErrPongTimeout, Code: websocket.StatusInternalError}
	writeTimeout = &End{Label: "write_timeout", Err: ErrWriteTimeout}
	tooBig       = &End{Label: "too_big", Err: fmt.Errorf("wsecho: %w", websocket.ErrMessageTooBig),
		Code: websocket.StatusMessageTooBig, Reason: "message too big"}
)

// Goexit is the end of a connection whose Handler ended its goroutine (runtime.Goexit, t.FailNow).
var Goexit = &End{Label: "error", Err: errors.New("wsecho: a hook ended its goroutine"), Code: websocket.StatusInternalError}

// wrong is the end by what the peer sent.
func wrong(err error) *End {
	e, ok := err.(*frame.Error)
	switch {
	case !ok:
		return tooBig
	case e.Code == websocket.StatusProtocolError:
		return &End{Label: "protocol", Err: fmt.Errorf("wsecho: protocol violation: %w", e), Code: e.Code, Reason: e.Reason}
	}
	return &End{Label: "invalid", Err: fmt.Errorf("wsecho: invalid data: %w", e), Code: e.Code, Reason: e.Reason}
}

// Lost is the end of a connection without a close frame of the peer's.
func Lost(err error) *End {
	return &End{Label: "lost", Err: fmt.Errorf("wsecho: connection lost: %w", err)}
}

// End ends the connection; only the first counts, and End says whether this one did.
//
// From here the work has two parts. One is the connection's: drain reads and drops until the peer's EOF or
// a timeout, then closes it. The other is the Handler's: Ended, once no Message runs. A Message at work
// must not keep the peer waiting, nor a silent peer Ended; so, if the connection was
//
//	working  a new goroutine drains; the Message's own calls Ended when it has returned
//	reading  the reader drains, once it has bytes, an EOF or a timeout; a new goroutine calls Ended
func (c *Conn) End(e *End) bool {
	c.mu.Lock()
	if c.end != nil {
		c.mu.Unlock()
		return false
	}
	c.end = e
	from := c.phase.Swap(ended)
	c.cancel(e.Err)
	c.closeOutput()
	c.mu.Unlock()
	if from == working {
		go c.drain()
	} else {
		go c.handler.Ended(e)
	}
	return true
}

// EndedError is Write's error for a connection that is ending, or whose peer is gone. It matches
// net.ErrClosed.
type EndedError struct {
	conn *Conn
	err  error
}

func (e *EndedError) Error() string   { return fmt.Sprintf("wsecho: session over: %v", e.err) }
func (e *EndedError) Unwrap() []error { return []error{net.ErrClosed, e.err} }

// Returned says whether err is, or wraps, what Write or TryWrite has returned of this very connection: that
// it is ending, which is no news.
func (c *Conn) Returned(err error) bool {
	var e *EndedError
	return errors.As(err, &e) && e.conn == c
}

// over is Write's error once the connection is ending, nil before. Under mu.
func (c *Conn) over() error {
	if c.end != nil {
		return &EndedError{c, c.end.Err}
	}
	return c.out.err
}

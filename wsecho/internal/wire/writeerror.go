package wire

import (
	"errors"
	"fmt"
	"net"
)

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
	return c.out.err
}

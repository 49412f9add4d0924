package wire

import (
	"fmt"
	"time"

	"example.com/wsecho/wsecho/internal/frame"
)

// The connection's last steps, once End has set why:
//
//	the queue leaves, the close frame last      closeOutput, flush, flusher
//	our sending side is shut                    sideShut
//	what still comes is read and dropped        drain
//	the peer's EOF, or the timer: it is closed  finish
//
// broken, lose and Cut make them fewer. After giveUp the connection is dead: nothing more is sent, and
// only its closing is left, to the goroutine that reads.

// closeOutput queues the close frame, if the end has one, and starts the time that the close may
// take. Nothing is queued after it, as end is set. Under mu, once.
func (c *Conn) closeOutput() {
	if c.end.Code != 0 && c.out.err == nil {
		c.out.q.add(frame.AppendClose(nil, c.end.Code, c.end.Reason))
	}
	c.out.unhold()
	c.out.wakeWriters()
	c.endWithin(c.cfg.CloseTimeout)
	c.flush()
}

// sideShut: the last byte has left. alone: the connection's other side is still open, for the peer
// to answer; where it is not, or the peer is not waited for, the connection is over. Under mu.
func (c *Conn) sideShut(alone bool) {
	if c.dead || alone && c.cfg.CloseTimeout >= 0 {
		return
	}
	c.giveUp()
	c.sock.GiveUp()
}

// finish closes the connection. What is queued may still leave: the peer may have shut one side only.
func (c *Conn) finish() {
	sent := c.flushed()
	c.sock.Close(!sent)
	c.stopTimer()
	c.handler.Closed()
}

// flushed waits until the queue is gone, one way or the other, and says whether it was sent.
func (c *Conn) flushed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.out.flushing && !c.dead {
		room := c.out.nextRoom()
		c.mu.Unlock()
		<-room
		c.mu.Lock()
	}
	if c.dead {
		return false
	}
	c.giveUp()
	return true
}

// broken notes that a write has failed. That names no cause: the reader goes on, and may still find
// the peer's last messages, its close frame or EOF. Should it find nothing, the timer ends the
// connection. Under mu.
func (c *Conn) broken(err error) {
	c.out.err = &EndedError{c, fmt.Errorf("connection lost: %w", err)}
	c.out.drop()
	c.endWithin(c.cfg.CloseTimeout)
}

// lose gives the connection up, whose end is set, and wakes whoever waits on the socket. Under mu.
func (c *Conn) lose() {
	if c.dead {
		return
	}
	c.giveUp()
	c.sock.Abort()
}

// giveUp: nothing more is delivered, and no deadline set. Under mu.
func (c *Conn) giveUp() {
	c.dead = true
	if c.out.q.n > 0 {
		c.sock.NoLinger()
	}
	c.out.unhold()
	c.out.drop()
}

// cutGrace is what a connection that only its flusher may write to gets for its close frame.
const cutGrace = 100 * time.Millisecond

// Cut ends a connection that is ending, now.
func (c *Conn) Cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.out.flushing && !c.sock.Raw() && !c.dead {
		c.endWithin(cutGrace)
	} else {
		c.lose()
	}
}

package wire

import (
	"errors"
	"os"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho/internal/frame"
	"example.com/wsecho/wsecho/internal/socket"
)

// read is the reader: the goroutine that reads and hands messages over, from the start or a wake to the
// next park or the end. It alone, or after the end drain, closes the socket.
func (c *Conn) read(woken bool) {
	left := false
	defer func() {
		if !left { // the Handler ended this goroutine (runtime.Goexit): the connection still needs its end
			c.in.publish(&c.received)
			c.End(Goexit)
			go c.handler.Ended(c.end)
		}
	}()
	c.woken = woken
	rd := socket.NewReader(&c.sock, &c.in)
	defer rd.Free()
	for n := 0; ; {
		if !c.phase.CompareAndSwap(reading, working) { // End came while it waited, and left it the drain
			left = true
			c.in.drop()
			c.drain()
			return
		}
		if n > 0 {
			c.alive.Store(true) // before the messages of what came, which may take longer than PongTimeout
		}
		c.in.arrived(n)
		end := c.handle()
		if n > 0 {
			c.alive.Store(true) // again, as what a slow Message kept from being read counts too
		}
		if !c.phase.CompareAndSwap(working, reading) { // End came meanwhile, and left it Ended
			left = true
			c.in.drop()
			c.handler.Ended(c.end)
			return
		}
		if end != nil {
			left = true
			c.End(end)
			c.in.drop()
			c.drain()
			return
		}
		if c.woken && c.in.busy { // a message came; a pong alone buys no goroutine for seconds
			c.woken, c.in.busy = false, false
			c.askToPark()
		}
		var err error
		switch n, err = c.wait(rd); err {
		case nil:
		case errQuiet:
			left = true
			if c.sock.Park((*waker)(c)) {
				return // not ours any more: it may run already
			}
			left, c.woken = false, false
			c.askToPark() // again: descriptors may be short for a time
		default:
			left = true
			end := Lost(err)
			if errors.Is(err, os.ErrDeadlineExceeded) {
				end = writeTimeout // over HTTP/2 a write that times out ends the reads too
			}
			c.End(end)
			c.in.drop()
			c.finish()
			return
		}
	}
}

// waker is a parked Conn.
type waker Conn

// Wake runs the reader again.
func (w *waker) Wake() { (*Conn)(w).read(true) }

// errQuiet: nothing has come, for long enough to park.
var errQuiet = errors.New("wsecho: quiet")

// wait waits for bytes and says how many came. A connection that has just been woken does not wait. One
// that has been asked whether its goroutine can be spared (askToPark) says no if some of a message has come
// since it was last asked.
func (c *Conn) wait(rd *socket.Reader) (int, error) {
	n, err := rd.Read(!c.woken)
	switch {
	case n > 0:
		return n, nil // an error comes again
	case err == socket.ErrNotReady:
		return 0, errQuiet
	case !errors.Is(err, os.ErrDeadlineExceeded) || !c.answered():
		return 0, err
	case c.in.busy:
		c.in.busy = false
		c.askToPark()
		return 0, nil
	}
	return 0, errQuiet
}

// handle deals with all that is in the buffer, and returns the end that it calls for, if any. While it
// lasts, replies wait for company.
func (c *Conn) handle() (end *End) {
	held := false
	for c.phase.Load() != ended {
		op, p, err := c.in.next()
		if err != nil {
			end = wrong(err)
			break
		}
		if op == 0 {
			break
		}
		if !held && c.in.more() {
			held = true
			c.hold()
		}
		switch op {
		case frame.Ping:
			c.pong(p)
		case frame.Pong:
		case frame.Close:
			end = peerClosed(p)
		default:
			c.message(websocket.MessageType(op), p)
		}
		if end != nil {
			break
		}
	}
	c.in.publish(&c.received)
	if held && end == nil {
		c.endHold()
	}
	c.in.release()
	return end
}

func peerClosed(p []byte) *End {
	ce, err := frame.ParseClose(p, true)
	if err != nil {
		return wrong(err)
	}
	return &End{Label: "peer", Err: ce, Code: ce.Code}
}

// message hands one message over.
func (c *Conn) message(typ websocket.MessageType, p []byte) {
	if c.phase.Load() == ended { // while it was inflated or checked
		return
	}
	c.in.count(len(p))
	if !c.in.more() { // Message may take long
		c.in.publish(&c.received)
	}
	c.handler.Message(typ, p)
}

// drain reads and drops until the peer's EOF, or until the timer gives the connection up. Closing at once
// would turn our close frame into a reset, for unread bytes lie in the socket or are on their way. The
// input is its own: a Message may still have what lies in the Conn's.
func (c *Conn) drain() {
	var in input
	rd := socket.NewReader(&c.sock, &in)
	c.answered() // or the question would end the first read
	for {
		n, err := rd.Read(true)
		if n == 0 && err != nil {
			break
		}
		in.release()
	}
	in.release()
	rd.Free()
	c.finish()
}

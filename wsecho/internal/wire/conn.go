// Package wire carries the messages of one WebSocket over one connection, as its server: it reads and
// writes frames, waits for slow peers, pings idle ones, and closes. It knows nothing of HTTP, of hooks or
// of other connections; package wsecho does, above it.
//
//	conn.go       Conn: what it has, and who may touch it
//	end.go        why a connection ends, and who does what from there; what writes say then
//	read.go       the reader: the goroutine that reads, and hands messages over
//	input.go      from bytes to messages
//	buffer.go     the memory that bytes are read into
//	write.go      Write, TryWrite: from messages to the queue
//	prepared.go   the same for a message that many connections get
//	output.go     from the queue to the socket
//	queue.go      bytes that wait
//	timer.go      the connection's one timer
//	keepalive.go  what the timer is set for, and whether the peer is alive
//	close.go      the connection's last steps
package wire

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho/internal/deflate"
	"example.com/wsecho/wsecho/internal/socket"
)

// Config is what all connections of one endpoint share. No number is 0.
type Config struct {
	ReadLimit    int64         // bytes of one message, inflated; negative: no limit
	WriteLimit   int           // bytes that may wait for a slow peer; negative: no limit
	PingInterval time.Duration // negative: never
	PongTimeout  time.Duration // of silence after a ping; negative: no limit
	ReadTimeout  time.Duration // from a message's first byte to its last; negative: no limit
	WriteTimeout time.Duration // in which the peer takes nothing; negative: no limit
	CloseTimeout time.Duration // from the start of the close to its end; negative: the peer is not waited for
	ParkAfter    time.Duration // of quiet, after which the reader gives up its goroutine
	Lot          *socket.Lot   // where connections without a goroutine wait
	Brief        bool          // Message returns soon, or waits: it never computes for long
}

// Handler is what a Conn calls. It holds no lock when it does.
type Handler interface {
	// Message gets each message, one at a time, in the reader's goroutine. p is the Handler's until it
	// returns. No message begins once the connection is ending.
	Message(typ websocket.MessageType, p []byte)

	// Ended is called once, when the connection is ending and no Message runs, nor will. It may take as
	// long as it likes: the goroutine is its own. The peer may still be there.
	Ended(e *End)

	// Closed is called once, when both close frames are through or the connection is gone. It must not
	// wait.
	Closed()
}

// Conn is one connection. Its exported methods may be called from any goroutine and under any lock of the
// caller's: they call no method of the Handler. Only Write may wait.
//
// Three things run for it, each for as long as it has something to do: the reader (read.go), the flusher,
// while the peer is slow to take what is written (output.go), and the timer (timer.go). Only the reader,
// or after the end drain, closes the socket: see socket.Lot for why that matters.
//
// Locks: the Deflater's is taken before mu, never after it. A caller may hold locks of its own when it
// calls; the Conn holds none when it calls the Handler.
type Conn struct {
	// Set by Init, then fixed.
	cfg     *Config
	handler Handler
	opened  time.Duration // on clock
	ctx     context.Context
	cancel  context.CancelCauseFunc

	// For everybody; which method is whose, package socket says.
	sock socket.Socket

	mu        sync.Mutex // guards what follows up to told; nothing waits under it, and the Handler is not called
	end       *End       // why the connection is ending; the first stays
	out       output
	keep      keepalive
	timer     *time.Timer
	peerDone  bool // nothing more is awaited of the peer: see End.peerDone
	abandoned bool // nothing more is delivered, and no deadline set
	told      bool // Closed has been called

	// Atomic. The phase is swapped under mu and loaded anywhere: who has seen ended may read end
	// without mu.
	alive    atomic.Bool  // a byte came, or the peer took some, since the ping that waits for an answer
	begun    atomic.Int64 // when the message under way began, on the clock of now; 0: none is under way
	received tally
	phase    atomic.Int32 // working, reading or ended

	// The reader's, and nobody's while there is none. While the phase is working, End may look at the
	// marks of in, and at the headers in its buffer: see input.mark.
	woken  bool  // it was started for a parked connection, and no part of a message has come since
	timing bool  // begun is set
	in     input // its codec is for everybody
}

// The phases of a connection. The reader goes from reading to working and back; End moves to ended, once,
// and what it moved from tells who does what from there: see End.
const (
	working int32 = iota // the Handler may be at work: in Message, or before Start
	reading              // the reader waits for bytes, or has given up its goroutine
	ended
)

// Init takes nc over, of which early has been read already. The Conn pings and can be written to from now
// on, and reads from Start on. Its context is derived from ctx. z is nil without compression.
func (c *Conn) Init(ctx context.Context, cfg *Config, h Handler, nc net.Conn, early []byte, z *deflate.Codec) {
	c.cfg, c.handler, c.opened = cfg, h, time.Since(clock)
	c.ctx, c.cancel = context.WithCancelCause(ctx)
	c.sock.Init(nc)
	c.in.limit = cfg.ReadLimit
	c.in.codec = z
	c.in.preload(early)
	c.in.mark()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.startTimer()
}

// Start begins to read. Exactly one call of it follows Init.
func (c *Conn) Start() {
	c.alive.Store(true) // what was not read before counts, as after any Message
	if c.phase.CompareAndSwap(working, reading) {
		go c.read(false)
		return
	}
	c.discardInput()
	go c.handler.Ended(c.end)
}

// Context returns a context that ends when the connection does; its cause is then the end's error.
func (c *Conn) Context() context.Context { return c.ctx }

// Ending returns why the connection is ending, nil while it is not.
func (c *Conn) Ending() *End {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.end
}

// Duration returns how long the connection has been open.
func (c *Conn) Duration() time.Duration { return c.now() }

// SetReadLimit sets the limit of messages that begin to come from now on. It may be called in Message and
// before Start.
func (c *Conn) SetReadLimit(n int64) { c.in.limit = n }

// Queued returns how many bytes of frames wait for the peer.
func (c *Conn) Queued() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.out.q.n
}

// Latency returns the time from the latest ping that has been answered to its pong, 0 if none has.
func (c *Conn) Latency() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.keep.latency
}

// Counts are messages and their bytes: those handed to the Handler, those queued by Write and TryWrite,
// and the bytes of frames that wait for the peer now.
type Counts struct {
	MessagesIn, MessagesOut, BytesIn, BytesOut uint64
	Queued                                     int64
}

// Add adds d to c.
func (c *Counts) Add(d Counts) {
	c.MessagesIn += d.MessagesIn
	c.MessagesOut += d.MessagesOut
	c.BytesIn += d.BytesIn
	c.BytesOut += d.BytesOut
	c.Queued += d.Queued
}

// Counts returns what has been counted until now.
func (c *Conn) Counts() Counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Counts{c.received.messages.Load(), c.out.messages, c.received.bytes.Load(), c.out.bytes, int64(c.out.q.n)}
}

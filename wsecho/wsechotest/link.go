package wsechotest

import (
	"sync"
	"time"
)

// Link is the network between one client and its server; see DialLink. Its methods bring about the faults of real
// networks, at any time and from any goroutine. They hold until Restore, and several may hold at once. When the
// test ends, what is left of the link ends with it.
//
// Each direction holds 64 KiB that the other end has not read. The server's end is no TCP socket: what
// the Handler says of a connection "over TLS" holds for it.
type Link struct {
	mu       sync.Mutex // guards both streams
	up, down *stream    // to the server, to the client
}

// StopReading makes the client read nothing any more, as one does that is suspended. It goes on sending.
// What the server sends fills the 64 KiB, then the session's queue, until WriteTimeout.
func (l *Link) StopReading() { l.down.change(func() { l.down.faults.stopped = true }) }

// OneByteAtATime makes each Read of either end return a single byte, so that every frame is seen in pieces.
func (l *Link) OneByteAtATime() { l.each(func(s *stream) { s.faults.piece = 1 }) }

// Slow lets no more than bytesPerSecond pass in each direction. It panics if that is not positive.
func (l *Link) Slow(bytesPerSecond int) {
	if bytesPerSecond <= 0 {
		panic("wsechotest.Link.Slow: the rate is not positive")
	}
	l.each(func(s *stream) { s.faults.rate = bytesPerSecond })
}

// CutAfter lets n more bytes of the client's pass and then cuts the connection, as in the middle of a frame: the
// server reads those bytes and io.EOF, the client what was sent to it before and io.EOF, and both fail to write. It does not
// wait for those bytes; 0 cuts at once. There is no way back. It panics if n is negative.
func (l *Link) CutAfter(n int) {
	if n < 0 {
		panic("wsechotest.Link.CutAfter: n is negative")
	}
	l.up.change(func() {
		l.up.faults.cutting, l.up.faults.untilCut = true, n
		l.up.cutIfDue()
	})
}

// Vanish makes the ends lose each other without a word, as when a phone is out of reach: nothing arrives at either, not even
// that the other has closed. Each can still write 64 KiB.
func (l *Link) Vanish() { l.each(func(s *stream) { s.faults.vanished = true }) }

// Restore takes back every fault but a cut that has come. What waited arrives.
func (l *Link) Restore() {
	l.each(func(s *stream) {
		s.arm(&s.faults.next, time.Time{})
		s.faults = faults{broken: s.faults.broken}
	})
}

// both returns the two directions.
func (l *Link) both() [2]*stream { return [2]*stream{l.up, l.down} }

// each changes both directions with f.
func (l *Link) each(f func(s *stream)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.both() {
		f(s)
		s.changed.Broadcast()
	}
}

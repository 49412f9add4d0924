// Package deflate is permessage-deflate (RFC 7692): what is agreed on in the handshake, and the messages
// that are inflated and deflated by it.
//
//	negotiate.go  the client's offers and our answer
//	deflate.go    messages out
//	inflate.go    messages in
//	source.go     the bytes of a message on their way into compress/flate
//	turns.go      who may go on inflating or deflating now
package deflate

import (
	"bytes"
	"compress/flate"
	"sync"
)

// Codec is what one connection has agreed on: each direction goes its own way.
type Codec struct {
	In  Inflater
	Out Deflater
}

// Min is the length from which a message is worth deflating.
const Min = 512

// Deflater deflates messages for one peer. Lock it for as long as it takes to deflate a message and to
// queue it: what follows may refer to it (section 7.1.1).
type Deflater struct {
	sync.Mutex
	keep   bool    // we refer back to our earlier messages
	window int     // how far back we may refer, in bytes
	since  int     // bytes since w began afresh, if the window is smaller than flate's
	stale  bool    // the peer has inflated something since that w does not know
	w      *writer // held from Deflate to Done, or, if keep, for good
}

// writer is a flate.Writer and what it has written.
type writer struct {
	w   *flate.Writer
	out []byte
}

const keptBuffer = 64 << 10 // a larger one is not kept for the next message

var writers = sync.Pool{New: func() any {
	w := new(writer)
	w.w, _ = flate.NewWriter(w, flate.BestSpeed) // the level is one of flate's own
	return w
}}

// Write is what flate calls with what it has deflated.
func (w *writer) Write(p []byte) (int, error) {
	w.out = append(w.out, p...)
	return len(p), nil
}

// Deflate returns the payload of a message's one frame, good until Done. A long message may wait for
// others that are being deflated or inflated.
func (z *Deflater) Deflate(p []byte) []byte {
	var t turn
	defer t.end()
	if z.w == nil {
		z.w = writers.Get().(*writer)
		z.stale = true
	}
	if z.stale {
		z.w.w.Reset(z.w)
		z.since, z.stale = 0, false
	}
	w := z.w
	w.out = w.out[:0]
	for len(p) > 0 {
		n := min(len(p), sliceWork)
		if z.window < windowSize {
			n = z.fit(n)
		}
		w.w.Write(p[:n]) // its errors are those of writer.Write, which has none
		if p = p[n:]; len(p) == 0 {
			break
		}
		if z.since == z.window {
			w.w.Flush() // before fit begins afresh
		}
		t.work(n*deflateWork + writeWork)
	}
	w.w.Flush()
	return w.out[:len(w.out)-len(flushEnd)]
}

// Alone returns p deflated as the payload of a message that refers to nothing before it. It waits for a turn.
func Alone(p []byte) []byte {
	z := Deflater{window: windowSize}
	defer z.Done()
	return bytes.Clone(z.Deflate(p))
}

// TakesAlone says whether the peer can inflate what Alone makes of n bytes: it may refer that far back, though
// no further than flate's own window.
func (z *Deflater) TakesAlone(n int) bool { return n <= z.window || z.window == windowSize }

// Forget notes that the peer gets a message which Alone has deflated: the next one from here refers to nothing
// before it, as the peer's window has moved.
func (z *Deflater) Forget() { z.stale = true }

// fit says how many of the next n bytes to write. flate.Writer knows no window but its own, so it begins
// afresh each time that a smaller one is full: then nothing refers further back than to its beginning.
func (z *Deflater) fit(n int) int {
	if z.since == z.window {
		z.w.w.Reset(z.w)
		z.since = 0
	}
	n = min(n, z.window-z.since)
	z.since += n
	return n
}

// Done gives back what Deflate needed.
func (z *Deflater) Done() {
	if cap(z.w.out) > keptBuffer {
		z.w.out = nil
	}
	if !z.keep {
		writers.Put(z.w)
		z.w = nil
	}
}

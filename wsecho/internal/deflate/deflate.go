// Package deflate is permessage-deflate (RFC 7692): what is agreed on in the handshake, and the messages
// that are inflated and deflated by it.
package deflate

import (
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
	keep bool    // we refer back to our earlier messages
	w    *writer // held from Deflate to Done, or, if keep, for good
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

func (w *writer) Write(p []byte) (int, error) {
	w.out = append(w.out, p...)
	return len(p), nil
}

// Deflate returns the payload of a message's one frame, good until Done.
func (z *Deflater) Deflate(p []byte) []byte {
	if z.w == nil {
		z.w = writers.Get().(*writer)
		z.w.w.Reset(z.w)
	}
	w := z.w
	w.out = w.out[:0]
	w.w.Write(p) // its errors are those of writer.Write, which has none
	w.w.Flush()
	return w.out[:len(w.out)-len(flushEnd)]
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

package deflate

import (
	"compress/flate"
	"io"
	"slices"
	"sync"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho/internal/frame"
	"example.com/wsecho/wsecho/internal/pool"
)

const (
	windowSize = 32 << 10 // how far back a block refers
	finalsMax  = 8        // final blocks within one message: each costs the copy of a window
)

// Inflater inflates the messages of one peer, one after the other. coder's inflater, which this stands in
// for, takes a stream that is cut short for a whole one, and what follows a final block (section 7.2.3.4)
// for the start of the next message.
type Inflater struct {
	keep   bool   // the peer refers back to its earlier messages
	window []byte // the end of those
}

// A message lacks the end of the empty block that its sender flushed with (section 7.2.1). A final
// block of one byte behind it shows that the message ends where a block does.
const (
	flushEnd   = "\x00\x00\xff\xff"
	endByte    = 'a'
	messageEnd = flushEnd + "\x4b\x04\x00"
)

// source is a pooled flate.Reader and what it reads.
type source struct {
	p    []byte
	tail string
	r    io.ReadCloser // also a flate.Resetter
}

var sources = sync.Pool{New: func() any {
	f := new(source)
	f.r = flate.NewReader(f)
	return f
}}

// Read is what flate calls for the length and the bytes of a stored block; for all else it is ReadByte.
func (f *source) Read(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		if p[n], err = f.ReadByte(); err == nil {
			n++
		}
	}
	return n, err
}

// ReadByte lets flate read no further than a block's end.
func (f *source) ReadByte() (b byte, err error) {
	switch {
	case len(f.p) > 0:
		b, f.p = f.p[0], f.p[1:]
	case len(f.tail) > 0:
		b, f.tail = f.tail[0], f.tail[1:]
	default:
		err = io.ErrUnexpectedEOF
	}
	return b, err
}

var (
	errCutShort = frame.Invalid("compressed data is cut short", nil)
	errFinals   = frame.Invalid("too many final blocks in one message", nil)
)

// Inflate returns the message whose deflated payload is p, in a buffer for pool.Free, also with an error.
// That is websocket.ErrMessageTooBig for one longer than limit, unless limit is negative.
func (z *Inflater) Inflate(p []byte, limit int64) (msg *[]byte, err error) {
	msg = pool.Message(len(p))
	if len(p) == 0 {
		return msg, nil // not what section 7.2.3.6 asks for, but what some send and zlib takes
	}
	f := sources.Get().(*source)
	defer sources.Put(f)
	f.p, f.tail = p, messageEnd
	f.r.(flate.Resetter).Reset(f, z.window)
	for finals := 0; ; {
		if len(*msg) == cap(*msg) {
			msg = pool.Grow(msg, 1)
		}
		have := len(*msg)
		n, err := f.r.Read((*msg)[have:cap(*msg)])
		have += n
		*msg = (*msg)[:have]
		if limit >= 0 && int64(have)-1 > limit { // endByte is not the message's
			return msg, websocket.ErrMessageTooBig
		}
		switch {
		case err == nil:
			continue
		case err != io.EOF:
			return msg, frame.Invalid("compressed data does not inflate", err)
		case f.tail == "" && have > 0 && (*msg)[have-1] == endByte:
			*msg = (*msg)[:have-1]
			if z.keep {
				z.window = lastWindow(z.window, *msg)
			}
			return msg, nil
		case f.tail == "":
			return msg, errCutShort
		}
		if finals++; finals > finalsMax { // the sender's own final blocks, section 7.2.3.4
			return msg, errFinals
		}
		f.r.(flate.Resetter).Reset(f, lastWindow(slices.Clone(z.window), *msg))
	}
}

// lastWindow is the end of a and b together, in a's memory where that does.
func lastWindow(a, b []byte) []byte {
	if len(b) >= windowSize {
		return append(a[:0], b[len(b)-windowSize:]...)
	}
	if over := len(a) + len(b) - windowSize; over > 0 {
		a = a[:copy(a, a[over:])]
	}
	return append(a, b...)
}

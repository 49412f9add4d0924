package deflate

import (
	"bytes"
	"compress/flate"
	"io"
	"sync"
)

// A message lacks the end of the empty block that its sender flushed with (RFC 7692 section 7.2.1). A
// final block of one byte behind it shows that the message ends where a block does: without it, a message
// that is cut short could pass for a whole one.
const (
	flushEnd = "\x00\x00\xff\xff"
	endByte  = 'a'
	endBlock = "\x4b\x04\x00"
)

var (
	endOfMessage = []byte(flushEnd + endBlock)
	endOfFlushed = endOfMessage[len(flushEnd):]
)

// source is a pooled flate.Reader and the message that it reads.
type source struct {
	p      []byte        // what is left of the piece that is being read
	rest   []byte        // of the message, behind that piece
	end    []byte        // behind the message
	ending bool          // the piece is the end
	joined []byte        // the window and the message's beginning: for dictionary
	r      io.ReadCloser // a flate.Reader, also a flate.Resetter
	turn   turn
}

var sources = sync.Pool{New: func() any {
	f := new(source)
	f.r = flate.NewReader(f)
	return f
}}

// openSource returns a source that reads p, whose blocks may refer to window.
func openSource(p, window []byte) *source {
	f := sources.Get().(*source)
	f.turn = turn{}
	f.rest, f.end = p, endOfMessage
	if bytes.HasSuffix(p, endOfMessage[:len(flushEnd)]) {
		// The sender has left it on, or a final block ends with these bytes: a message from which it has been
		// taken off ends with the three zero bits of a block's header, which cannot be in a last byte of 0xff.
		f.end = endOfFlushed
	}
	f.r.(flate.Resetter).Reset(f, window)
	return f
}

// free gives the source back.
func (f *source) free() {
	f.turn.end()
	f.p, f.rest, f.ending, f.joined = nil, nil, false, f.joined[:0]
	sources.Put(f)
}

// more says whether bytes are left behind a final block.
func (f *source) more() bool {
	return len(f.p) > 0 || len(f.rest) > 0
}

// next makes the next piece of the message, and then its end, the one that is read.
func (f *source) next() bool {
	switch {
	case len(f.rest) > 0:
		n := min(len(f.rest), pieceSize)
		f.p, f.rest = f.rest[:n], f.rest[n:]
		f.turn.work(n * inputWork)
	case !f.ending:
		f.p, f.ending = f.end, true
	default:
		return false
	}
	return true
}

// ReadByte lets flate read no further than a block's end.
func (f *source) ReadByte() (byte, error) {
	if len(f.p) == 0 && !f.next() {
		return 0, io.ErrUnexpectedEOF
	}
	b := f.p[0]
	f.p = f.p[1:]
	return b, nil
}

// Read is what flate calls for the length and the bytes of a stored block; for all else it is ReadByte.
func (f *source) Read(p []byte) (int, error) {
	if len(f.p) == 0 && !f.next() {
		return 0, io.ErrUnexpectedEOF
	}
	n := copy(p, f.p)
	f.p = f.p[n:]
	return n, nil
}

// resume goes on behind a final block (RFC 7692 section 7.2.3.4), where flate stops. That costs one copy
// of a window, about as long as it takes to inflate a kilobyte, and no memory; as a final block has two
// bytes or more, a message of nothing but these costs less for each of its bytes than one of zeros.
func (f *source) resume(window, msg []byte) {
	f.turn.work(finalWork)
	f.r.(flate.Resetter).Reset(f, f.dictionary(window, msg))
}

// dictionary is what a block may refer to behind the message's first bytes; flate takes the end of it.
func (f *source) dictionary(window, msg []byte) []byte {
	if len(window) == 0 || len(msg) >= windowSize {
		return msg
	}
	if len(f.joined) == 0 {
		f.joined = append(f.joined, window...)
	}
	f.joined = append(f.joined, msg[len(f.joined)-len(window):]...)
	return f.joined
}

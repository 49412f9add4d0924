package deflate

import (
	"io"
	"math"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho/internal/frame"
	"example.com/wsecho/wsecho/internal/pool"
)

// windowSize is how far back a block may refer.
const windowSize = 32 << 10

// Inflater inflates the messages of one peer, one after the other.
type Inflater struct {
	keep   bool   // the peer refers back to its earlier messages
	window []byte // the end of those
}

var errCutShort = frame.Invalid("compressed data is cut short", nil)

// Inflate returns the message whose deflated payload is p, in a buffer for pool.Free, also with an error.
// That is websocket.ErrMessageTooBig for one longer than limit, unless limit is negative.
//
// A message may have any number of final blocks (RFC 7692 section 7.2.3.4), may end with one, and may
// have kept the four bytes that section 7.2.1 has its sender take off: other peers take all these.
func (z *Inflater) Inflate(p []byte, limit int64) (msg *[]byte, err error) {
	if len(p) == 0 {
		return pool.Message(0), nil // not what section 7.2.3.6 asks for, but what some send and zlib takes
	}
	if limit < 0 {
		limit = math.MaxInt64
	}
	f := openSource(p, z.window)
	defer f.free()
	out := output{msg: pool.Message(len(p)), limit: limit}
	for {
		n, err := f.r.Read(out.room())
		out.took(n)
		switch {
		case out.beyond == 2:
			return out.msg, websocket.ErrMessageTooBig
		case err == nil:
			f.turn.work(n)
			continue
		case err != io.EOF:
			return out.msg, frame.Invalid("compressed data does not inflate", err)
		case f.more():
			f.resume(z.window, *out.msg)
			continue
		case f.ending && !out.cutEndByte():
			return out.msg, errCutShort
		case out.beyond == 1:
			return out.msg, websocket.ErrMessageTooBig
		}
		if z.keep {
			z.window = lastWindow(z.window, *out.msg)
		}
		return out.msg, nil
	}
}

// output is a message as far as it has been inflated. Its buffer never grows for what is beyond the limit.
type output struct {
	msg    *[]byte
	limit  int64
	excess [2]byte // the first bytes beyond the limit, of which endByte may be one
	beyond int     // how many
}

// room is where the next bytes go.
func (o *output) room() []byte {
	have := int64(len(*o.msg))
	if have == o.limit {
		return o.excess[o.beyond:]
	}
	if len(*o.msg) == cap(*o.msg) {
		o.msg = pool.Grow(o.msg, 1)
	}
	return (*o.msg)[have:min(int64(cap(*o.msg)), o.limit)]
}

// took notes that n bytes of the room are filled.
func (o *output) took(n int) {
	if int64(len(*o.msg)) == o.limit {
		o.beyond += n
		return
	}
	*o.msg = (*o.msg)[:len(*o.msg)+n]
}

// cutEndByte takes endByte off, if that is the last byte.
func (o *output) cutEndByte() bool {
	last := len(*o.msg) - 1
	switch {
	case o.beyond > 0 && o.excess[o.beyond-1] == endByte:
		o.beyond--
	case o.beyond == 0 && last >= 0 && (*o.msg)[last] == endByte:
		*o.msg = (*o.msg)[:last]
	default:
		return false
	}
	return true
}

// lastWindow is the end of a and b together, in a's memory where that is large enough.
func lastWindow(a, b []byte) []byte {
	if len(b) >= windowSize {
		return append(a[:0], b[len(b)-windowSize:]...)
	}
	if over := len(a) + len(b) - windowSize; over > 0 {
		a = a[:copy(a, a[over:])]
	}
	return append(a, b...)
}

package wsecho

import (
	"compress/flate"
	"io"
	"slices"
	"sync"
)

const (
	deflateMin = 512      // bytes from which a message is worth deflating
	windowSize = 32 << 10 // how far back deflate refers
	finalsMax  = 8        // final blocks within one message: each costs the copy of a window
)

// deflater inflates and deflates for one session, RFC 7692 section 7.2. coder's inflater, which this
// stands in for, takes a stream that is cut short for a whole one, and what follows a final block
// (section 7.2.3.4) for the start of the next message.
type deflater struct {
	keepIn bool   // the peer refers back to its earlier messages
	window []byte // the end of those; the session's goroutine's

	mu      sync.Mutex // one message is deflated at a time; taken before Session.mu
	keepOut bool       // we refer back to ours
	packer  *packer    // held from deflate to done, or, if keepOut, for good
}

// A message lacks the end of the empty block that its sender flushed with (section 7.2.1). A final
// block of one byte behind it shows that the message ends where a block does.
const (
	flushEnd   = "\x00\x00\xff\xff"
	endByte    = 'a'
	messageEnd = flushEnd + "\x4b\x04\x00"
)

// inflater is a pooled flate.Reader and what it reads.
type inflater struct {
	p    []byte
	tail string
	r    io.ReadCloser // also a flate.Resetter
}

var inflaterPool = sync.Pool{New: func() any {
	f := new(inflater)
	f.r = flate.NewReader(f)
	return f
}}

// Read is what flate calls for the length and the bytes of a stored block; for all else it is ReadByte.
func (f *inflater) Read(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		if p[n], err = f.ReadByte(); err == nil {
			n++
		}
	}
	return n, err
}

// ReadByte lets flate read no further than a block's end.
func (f *inflater) ReadByte() (b byte, err error) {
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

// inflate returns the message whose deflated payload is p, in a buffer for putMsg.
func (z *deflater) inflate(p []byte, limit int64) (msg *[]byte, e *ending) {
	msg = getMsg(len(p))
	if len(p) == 0 {
		return msg, nil // not what section 7.2.3.6 asks for, but what some send and zlib takes
	}
	f := inflaterPool.Get().(*inflater)
	defer inflaterPool.Put(f)
	f.p, f.tail = p, messageEnd
	f.r.(flate.Resetter).Reset(f, z.window)
	for finals := 0; ; {
		if len(*msg) == cap(*msg) {
			msg = growMsg(msg, 1)
		}
		have := len(*msg)
		n, err := f.r.Read((*msg)[have:cap(*msg)])
		have += n
		*msg = (*msg)[:have]
		if limit >= 0 && int64(have)-1 > limit { // endByte is not the message's
			return msg, tooBig
		}
		switch {
		case err == nil:
			continue
		case err != io.EOF:
			return msg, invalid("compressed data does not inflate", err)
		case f.tail == "" && have > 0 && (*msg)[have-1] == endByte:
			*msg = (*msg)[:have-1]
			z.keep(*msg)
			return msg, nil
		case f.tail == "":
			return msg, invalid("compressed data is cut short", nil)
		}
		if finals++; finals > finalsMax { // the sender's own final blocks, section 7.2.3.4
			return msg, invalid("too many final blocks in one message", nil)
		}
		f.r.(flate.Resetter).Reset(f, lastWindow(slices.Clone(z.window), *msg))
	}
}

// keep remembers the end of what was inflated, if the peer may refer to it.
func (z *deflater) keep(p []byte) {
	if z.keepIn {
		z.window = lastWindow(z.window, p)
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

// packer is a flate.Writer and what it has written.
type packer struct {
	w   *flate.Writer
	out []byte
}

const packerKeeps = 64 << 10 // a larger buffer is not kept for the next message

var packerPool = sync.Pool{New: func() any {
	pk := new(packer)
	pk.w, _ = flate.NewWriter(pk, flate.BestSpeed) // the level is one of flate's own
	return pk
}}

func (pk *packer) Write(p []byte) (int, error) {
	pk.out = append(pk.out, p...)
	return len(p), nil
}

// deflate returns the payload of a message's one frame, good until done. Under mu.
func (z *deflater) deflate(p []byte) []byte {
	if z.packer == nil {
		z.packer = packerPool.Get().(*packer)
		z.packer.w.Reset(z.packer)
	}
	pk := z.packer
	pk.out = pk.out[:0]
	pk.w.Write(p) // its errors are those of packer.Write, which has none
	pk.w.Flush()
	return pk.out[:len(pk.out)-len(flushEnd)]
}

// done gives back what deflate needed. Under mu.
func (z *deflater) done() {
	if cap(z.packer.out) > packerKeeps {
		z.packer.out = nil
	}
	if !z.keepOut {
		packerPool.Put(z.packer)
		z.packer = nil
	}
}

package wire

import (
	"math"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho/internal/deflate"
	"example.com/wsecho/wsecho/internal/frame"
	"example.com/wsecho/wsecho/internal/pool"
)

const (
	inSize   = 16 << 10 // of a buffer that bytes are read into
	waitSize = 512      // of one that a plain conn waits in
	bulkSize = 65 << 10 // of one for who sends much at once, such as whole messages of 64 KiB
	trust    = 64 << 10 // what the header of a frame may reserve before its bytes come
)

var (
	inPool   = sync.Pool{New: func() any { return new([inSize]byte) }}
	waitPool = sync.Pool{New: func() any { return new([waitSize]byte) }}
	bulkPool = sync.Pool{New: func() any { return new([bulkSize]byte) }}
)

// input makes messages and control frames of what the peer sends. It reads nothing itself: a socket.Reader
// fills the Room that it gives, arrived says how much came, and next takes out what is whole. It belongs to
// the goroutine that reads.
type input struct {
	limit int64             // bytes of one message, inflated; negative: no limit
	z     *deflate.Inflater // nil: no compression

	buf  []byte // pooled, held only while it has bytes
	r, w int    // of buf
	room int    // bytes of the last Room
	last int    // of it that the last read took; it may be the same again

	// The message under way, unless it lies whole in buf.
	msg      *[]byte // pooled
	inflated *[]byte // pooled: what next has made of msg
	open     bool
	whole    bool  // all of it is there
	bad      error // what has come of it is no text
	op       byte
	deflated bool
	valid    int // bytes of text known to be good

	// The frame under way, whose header is gone from buf.
	fin  bool
	key  uint32
	left int64

	busy            bool   // some of a message has come; reset by the reader
	messages, bytes uint64 // handed over
}

// tally counts messages and their bytes for readers in other goroutines.
type tally struct{ messages, bytes atomic.Uint64 }

func (in *input) count(n int) {
	in.messages++
	in.bytes += uint64(n)
}

// publish stores the counts, unless they have been: before the last message of a read and after it, not
// at each.
func (in *input) publish(t *tally) {
	if t.messages.Load() == in.messages { // a look costs less than a store
		return
	}
	t.messages.Store(in.messages)
	t.bytes.Store(in.bytes)
}

// preload starts the input with what has been read already.
func (in *input) preload(p []byte) {
	switch {
	case len(p) > inSize:
		in.buf = append([]byte(nil), p...)
	case len(p) > 0:
		in.buf = inPool.Get().(*[inSize]byte)[:]
		copy(in.buf, p)
	}
	in.w = len(p)
}

// Room is where the next bytes go: straight into the message where they are certain to belong to it.
// plain: it will be held for as long as the read waits.
func (in *input) Room(plain bool) []byte {
	full := in.last == in.room && in.last > 0
	switch {
	case in.buf == nil && in.left >= inSize:
		in.grow(1)
		m := *in.msg
		in.room = int(min(int64(cap(m)-len(m)), in.left))
		return m[len(m) : len(m)+in.room]
	case in.buf == nil && plain && !full && in.left <= waitSize:
		in.buf = waitPool.Get().(*[waitSize]byte)[:]
	case in.buf == nil && in.last >= inSize:
		in.buf = bulkPool.Get().(*[bulkSize]byte)[:]
	case in.buf == nil:
		in.buf = inPool.Get().(*[inSize]byte)[:]
	case in.r > 0: // a piece of a header or of a control frame, which fits any size
		in.w = copy(in.buf, in.buf[in.r:in.w])
		in.r = 0
	}
	in.room = len(in.buf) - in.w
	return in.buf[in.w:]
}

// Took notes how much of the Room a read has filled.
func (in *input) Took(n int) {
	if n == 0 {
		in.tidy()
		return
	}
	in.last = n
}

// arrived: the n bytes that a read has taken are for next.
func (in *input) arrived(n int) {
	if in.buf != nil {
		in.w += n
	} else if n > 0 { // straight into the message
		*in.msg = (*in.msg)[:len(*in.msg)+n]
		in.took(n)
	}
}

// tidy gives the buffer back once it is empty.
func (in *input) tidy() {
	if in.r < in.w {
		return
	}
	switch len(in.buf) {
	case bulkSize:
		bulkPool.Put((*[bulkSize]byte)(in.buf))
	case inSize:
		inPool.Put((*[inSize]byte)(in.buf))
	case waitSize:
		waitPool.Put((*[waitSize]byte)(in.buf))
	}
	in.buf, in.r, in.w = nil, 0, 0
}

// more: bytes are there that next has not looked at.
func (in *input) more() bool { return in.r < in.w }

var (
	errNotText = frame.Invalid("text is not UTF-8", nil)
	noBytes    = []byte{}
)

// next takes out the next whole message or control frame, unmasked and inflated, and its text checked. p is
// good until the following call of next or release. op is 0 if more bytes are needed. An error is final.
func (in *input) next() (op byte, p []byte, err error) {
	for {
		in.freeMessage()
		switch {
		case in.bad != nil:
			return 0, nil, in.bad
		case in.whole:
			return in.message()
		case in.r == in.w:
			return 0, nil, nil
		}
		b := in.buf[in.r:in.w]
		if in.left > 0 {
			in.collect(b[:min(in.left, int64(len(b)))])
			continue
		}
		h, err := frame.ParseHeader(b, in.open, in.z != nil)
		if err == nil && h.Op < frame.Close && in.over(h) {
			err = websocket.ErrMessageTooBig
		}
		if err != nil || h.Size == 0 {
			return 0, nil, err
		}
		whole := int64(len(b)-h.Size) >= h.Len
		switch {
		case h.Op < frame.Close && (!whole || !h.Fin || in.open || h.RSV1):
			in.r += h.Size
			in.begin(h)
			if h.Len == 0 {
				in.took(0)
			}
			continue
		case !whole && h.Op == frame.Close:
			return 0, nil, peekClose(b[h.Size:], h.Key)
		case !whole:
			return 0, nil, nil
		}
		end := h.Size + int(h.Len)
		p = b[h.Size:end:end] // the frame lies whole in the buffer: nothing is copied
		in.r += end
		frame.Unmask(p, h.Key)
		if h.Op == frame.Text && !utf8.Valid(p) {
			return 0, nil, errNotText
		}
		in.busy = in.busy || h.Op < frame.Close
		return h.Op, p, nil
	}
}

// peekClose says what is wrong with the part of a close frame that is in, if anything is already.
func peekClose(masked []byte, key uint32) error {
	var p [frame.MaxControl]byte
	n := copy(p[:], masked)
	frame.Unmask(p[:n], key)
	_, err := frame.ParseClose(p[:n], false)
	return err
}

// message takes out the message that has been collected.
func (in *input) message() (op byte, p []byte, err error) {
	in.open, in.whole = false, false
	p = *in.msg
	if in.deflated {
		if in.inflated, err = in.z.Inflate(p, in.limit); err != nil {
			return 0, nil, err
		}
		if p = *in.inflated; in.op == frame.Text && !utf8.Valid(p) {
			return 0, nil, errNotText
		}
	}
	return in.op, p, nil
}

// release gives back what next has returned, and the buffer once it is empty.
func (in *input) release() {
	in.freeMessage()
	in.tidy()
}

// freeMessage gives back the buffers of a message that is not under way any more.
func (in *input) freeMessage() {
	if in.inflated != nil {
		pool.Free(in.inflated)
		in.inflated = nil
	}
	if in.msg != nil && !in.open {
		pool.Free(in.msg)
		in.msg = nil
	}
}

// drop gives back all: nothing of it is read any more.
func (in *input) drop() {
	in.r = in.w
	in.open, in.whole, in.left = false, false, 0
	in.release()
}

// over: the header declares a message longer than the limit. One that is compressed may be a little longer
// than what it inflates to.
func (in *input) over(h frame.Header) bool {
	limit := in.limit
	if limit < 0 {
		limit = math.MaxInt64 // which the fragments of a message may not add up to either
	}
	deflated := h.RSV1
	if in.open {
		deflated = in.deflated
	}
	if deflated {
		limit += min(limit>>10+1024, math.MaxInt64-limit)
	}
	if in.open {
		limit -= int64(len(*in.msg))
	}
	return h.Len > limit
}

// begin starts a frame that does not lie whole in the buffer, or is a part of a message only.
func (in *input) begin(h frame.Header) {
	if !in.open {
		in.open, in.op, in.deflated, in.valid = true, h.Op, h.RSV1, 0
		in.msg = pool.Message(int(min(h.Len, trust)))
	}
	in.fin, in.key, in.left = h.Fin, h.Key, h.Len
}

// grow makes room for n more bytes of the message, and looks ahead within the frame, but not far on a
// header's word.
func (in *input) grow(n int) {
	if have := len(*in.msg); have+n > cap(*in.msg) {
		in.msg = pool.Grow(in.msg, max(n, int(min(in.left, max(trust-int64(have), 0)))))
	}
}

// collect takes the next bytes of the frame under way out of the buffer.
func (in *input) collect(p []byte) {
	in.grow(len(p))
	*in.msg = append(*in.msg, p...)
	in.r += len(p)
	in.took(len(p))
}

// took unmasks and checks the last n bytes of the message, which are new.
func (in *input) took(n int) {
	m := *in.msg
	in.busy = true
	in.key = frame.Unmask(m[len(m)-n:], in.key)
	in.left -= int64(n)
	in.whole = in.left == 0 && in.fin
	if in.op == frame.Text && !in.deflated {
		k, ok := frame.ValidPrefix(m[in.valid:])
		in.valid += k
		if !ok || in.whole && in.valid < len(m) {
			in.bad = errNotText
		}
	}
}

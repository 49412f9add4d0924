package wsecho

import (
	"math"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"github.com/coder/websocket"
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

// input is what the peer sends, from bytes to messages. It belongs to the goroutine that reads.
type input struct {
	buf  []byte // pooled, held only while it has bytes
	r, w int    // of buf
	last int    // bytes that the last read took; it may be the same again
	full bool   // it took all that there was room for

	// The message under way, unless it lies whole in buf.
	msg      *[]byte // pooled
	open     bool
	op       byte
	deflated bool
	valid    int // bytes of text known to be good

	// The frame under way, whose header is gone from buf.
	fin  bool
	key  uint32
	left int64

	messages, bytes uint64 // handed to the hooks
}

// tally counts messages and their bytes for readers in other goroutines.
type tally struct{ messages, bytes atomic.Uint64 }

func (in *input) count(n int) {
	in.messages++
	in.bytes += uint64(n)
}

// publish stores the counts, unless they have been: before the last message of a pass and after it, not
// at each.
func (in *input) publish(t *tally) {
	if t.messages.Load() == in.messages { // a look costs less than a store
		return
	}
	t.messages.Store(in.messages)
	t.bytes.Store(in.bytes)
}

// preload starts the input with what net/http has already read.
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

// room is where the next bytes go: straight into the message where they are certain to belong to it.
// plain: the buffer will be held for as long as the wait lasts.
func (in *input) room(plain bool) []byte {
	switch {
	case in.buf == nil && in.left >= inSize:
		in.grow(1)
		m := *in.msg
		return m[len(m) : len(m)+int(min(int64(cap(m)-len(m)), in.left))]
	case in.buf == nil && plain && !in.full && in.left <= waitSize:
		in.buf = waitPool.Get().(*[waitSize]byte)[:]
	case in.buf == nil && in.last >= inSize:
		in.buf = bulkPool.Get().(*[bulkSize]byte)[:]
	case in.buf == nil:
		in.buf = inPool.Get().(*[inSize]byte)[:]
	case in.r > 0: // a piece of a header or of a control frame, which fits any size
		in.w = copy(in.buf, in.buf[in.r:in.w])
		in.r = 0
	}
	return in.buf[in.w:]
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

// over: the header declares a message longer than limit. One that is compressed may be a little
// longer than what it inflates to.
func (in *input) over(h header, limit int64) bool {
	if limit < 0 {
		limit = math.MaxInt64 // which the fragments of a message may not add up to either
	}
	deflated := h.rsv1
	if in.open {
		deflated = in.deflated
	}
	if deflated {
		limit += min(limit>>10+1024, math.MaxInt64-limit)
	}
	if in.open {
		limit -= int64(len(*in.msg))
	}
	return h.n > limit
}

// begin starts a frame that does not lie whole in the buffer, or is a part of a message only.
func (in *input) begin(h header) {
	if !in.open {
		in.open, in.op, in.deflated, in.valid = true, h.op, h.rsv1, 0
		in.msg = getMsg(int(min(h.n, trust)))
	}
	in.fin, in.key, in.left = h.fin, h.key, h.n
}

// grow makes room for n more bytes of the message, and looks ahead within the frame, but not far on a
// header's word.
func (in *input) grow(n int) {
	if have := len(*in.msg); have+n > cap(*in.msg) {
		in.msg = growMsg(in.msg, max(n, int(min(in.left, max(trust-int64(have), 0)))))
	}
}

// took unmasks and checks the last n bytes of the message. ok is false if they are no text.
func (in *input) took(n int) (whole, ok bool) {
	m := *in.msg
	in.key = unmask(m[len(m)-n:], in.key)
	in.left -= int64(n)
	whole = in.left == 0 && in.fin
	if in.op == opText && !in.deflated {
		var k int
		k, ok = validPrefix(m[in.valid:])
		in.valid += k
		return whole, ok && (!whole || in.valid == len(m))
	}
	return whole, true
}

// collect takes the next bytes of the frame under way out of the buffer.
func (s *Session) collect(p []byte) {
	in := &s.in
	in.grow(len(p))
	*in.msg = append(*in.msg, p...)
	in.r += len(p)
	s.collected(len(p))
}

// arrived: the room that the reader was given took n bytes.
func (s *Session) arrived(n int) {
	if in := &s.in; in.buf != nil {
		in.w += n
	} else if n > 0 { // straight into the message
		*in.msg = (*in.msg)[:len(*in.msg)+n]
		s.collected(n)
	}
}

// collected: n more bytes of the frame under way are at the end of the message.
func (s *Session) collected(n int) {
	in := &s.in
	s.quiet.busy = true
	whole, ok := in.took(n)
	if !ok {
		s.end(notText, true)
		return
	}
	if !whole {
		return
	}
	in.open = false
	p, e := *in.msg, (*ending)(nil)
	if in.deflated {
		var inflated *[]byte
		inflated, e = s.z.inflate(p, s.h.set.readLimit)
		defer putMsg(inflated)
		if p = *inflated; e == nil && in.op == opText && !utf8.Valid(p) {
			e = notText
		}
	}
	if e != nil {
		s.end(e, true)
		return
	}
	s.message(websocket.MessageType(in.op), p)
	in.dropMsg()
}

func (in *input) dropMsg() {
	if in.msg != nil {
		putMsg(in.msg)
		in.msg, in.open, in.left = nil, false, 0
	}
}

package wire

import (
	"math"
	"sync/atomic"
	"unicode/utf8"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho/internal/deflate"
	"example.com/wsecho/wsecho/internal/frame"
	"example.com/wsecho/wsecho/internal/pool"
)

// maxUnseenReserve is how much of a message's memory the header of a frame reserves before its bytes come.
const maxUnseenReserve = 64 << 10

// maxMessage bounds a message where nothing else does: its buffer, which doubles as it grows, must have a
// length.
const maxMessage = math.MaxInt / 2

// input makes messages and control frames of what the peer sends. It reads nothing itself: a socket.Reader
// fills the Space that it gives (buffer.go), arrived says how much came, and next takes out what is whole.
// It belongs to the goroutine that reads.
type input struct {
	limit int64          // bytes of one message, inflated; negative: no limit
	codec *deflate.Codec // nil: no compression

	// What has been read and not looked at.
	buf    []byte // pooled, held only while it has bytes
	r, w   int32  // of buf
	filled bool   // the last read took all that there was space for
	bulk   bool   // it took much: it may do so again

	// The message under way, unless it lies whole in buf.
	open     bool
	deflated bool
	whole    bool // all of it is there
	notText  bool // what has come of it is no text
	op       byte

	busy  bool // some of a message has come; reset by the reader
	final bool // the peer's close frame has been taken out, or where frames end is not known any more

	// Where rest begins: see mark.
	markedOpen  bool
	markedFinal bool

	// The frame under way, whose header is gone from buf.
	fin       bool
	key       uint32
	remaining int64

	marked          int32
	messages        uint32 // handed over, and not published yet
	bytes           uint64 // theirs
	markedRemaining int64

	valid    int     // bytes of the message that are known to be good text
	msg      *[]byte // the message, pooled
	inflated *[]byte // what next has made of it, pooled
}

// tally counts messages and their bytes for readers in other goroutines.
type tally struct{ messages, bytes atomic.Uint64 }

func (in *input) count(n int) {
	in.messages++
	in.bytes += uint64(n)
}

// publish adds what has been counted to t: before the last message of a read and after it, not at each.
func (in *input) publish(t *tally) {
	if in.messages > 0 {
		t.messages.Add(uint64(in.messages))
		t.bytes.Add(in.bytes)
		in.messages, in.bytes = 0, 0
	}
}

// arrived notes that the n bytes which a read has taken are for next.
func (in *input) arrived(n int) {
	if in.buf != nil {
		in.w += int32(n)
	} else if n > 0 { // straight into the message
		*in.msg = (*in.msg)[:len(*in.msg)+n]
		in.collected(n)
	}
}

// mark notes where the input is, before what has been read is handed over. While a Message runs, another
// goroutine may ask for the rest of what has been read: it sees the marks, and the headers of frames in buf,
// which nobody writes to until the reader has the phase back. Of the payloads the Message may do as it likes.
func (in *input) mark() {
	in.marked, in.markedRemaining, in.markedFinal = in.r, in.remaining, in.final
	in.markedOpen = in.open && !in.fin // fin: with the frame under way the message ends
}

// rest returns a discarder that has skipped what has been read since the mark.
func (in *input) rest() *discarder {
	d := &discarder{frames: frame.Skipper{
		Deflate: in.codec != nil, Open: in.markedOpen, Remaining: in.markedRemaining, Done: in.markedFinal,
	}}
	d.frames.Skip(in.buf[in.marked:in.w])
	return d
}

// more says whether bytes are there that next has not looked at.
func (in *input) more() bool { return in.r < in.w }

// partial says whether a message has begun to come, or a control frame, which is not whole.
func (in *input) partial() bool { return in.open || in.more() }

var errNotText = frame.Invalid("text is not UTF-8", nil)

// next takes out the next whole message or control frame, unmasked and inflated, and its text checked. p is
// good until the following call of next or release. op is 0 if more bytes are needed. An error is final.
func (in *input) next() (op byte, p []byte, err error) {
	for {
		if in.msg != nil { // most messages lie whole in buf
			in.freeMessage()
			switch {
			case in.notText:
				return 0, nil, errNotText
			case in.whole:
				return in.message()
			}
		}
		if in.r == in.w {
			return 0, nil, nil
		}
		b := in.buf[in.r:in.w]
		if in.remaining > 0 {
			in.collect(b[:min(in.remaining, int64(len(b)))])
			continue
		}
		h, err := frame.ParseHeader(b, in.open, in.codec != nil)
		if err == nil && h.Op < frame.Close && in.tooLong(h) {
			err = websocket.ErrMessageTooBig
		}
		if err != nil || h.Size == 0 {
			return 0, nil, err
		}
		whole := int64(len(b)-h.Size) >= h.Len
		switch {
		case h.Op < frame.Close && (!whole || !h.Fin || in.open || h.RSV1):
			in.r += int32(h.Size)
			in.begin(h)
			if h.Len == 0 {
				in.collected(0)
			}
			continue
		case !whole && h.Op == frame.Close:
			return 0, nil, peekClose(b[h.Size:], h.Key)
		case !whole:
			return 0, nil, nil
		}
		end := h.Size + int(h.Len)
		p = b[h.Size:end:end] // the frame lies whole in the buffer: nothing is copied
		in.r += int32(end)
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
		if in.inflated, err = in.codec.In.Inflate(p, in.limit); err != nil {
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

// discard gives back all that the input holds: nothing of it is read any more.
func (in *input) discard() {
	in.r = in.w
	in.open, in.whole, in.remaining = false, false, 0
	in.release()
}

// tooLong says whether the header declares a message longer than the limit. One that is compressed may be
// longer than what it inflates to: the fixed codes take up to nine bits for a byte (RFC 1951 section 3.2.6).
func (in *input) tooLong(h frame.Header) bool {
	limit := in.limit
	if limit < 0 || limit > maxMessage {
		limit = maxMessage
	}
	deflated := h.RSV1
	if in.open {
		deflated = in.deflated
	}
	if deflated {
		limit += min(limit>>3+1024, maxMessage-limit)
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
		in.msg = pool.Message(int(min(h.Len, maxUnseenReserve)))
	}
	in.fin, in.key, in.remaining = h.Fin, h.Key, h.Len
}

// grow makes space for n more bytes of the message. It looks ahead to the end of the frame, but while less
// than maxUnseenReserve has come no further than that: the header may lie.
func (in *input) grow(n int) {
	have := len(*in.msg)
	if have+n <= cap(*in.msg) {
		return
	}
	ahead := max(maxUnseenReserve-int64(have), 0)
	in.msg = pool.Grow(in.msg, max(n, int(min(in.remaining, ahead))))
}

// collect takes the next bytes of the frame under way out of the buffer.
func (in *input) collect(p []byte) {
	in.grow(len(p))
	*in.msg = append(*in.msg, p...)
	in.r += int32(len(p))
	in.collected(len(p))
}

// collected unmasks and checks the last n bytes of the message, which are new.
func (in *input) collected(n int) {
	m := *in.msg
	in.busy = true
	in.key = frame.Unmask(m[len(m)-n:], in.key)
	in.remaining -= int64(n)
	in.whole = in.remaining == 0 && in.fin
	if in.op == frame.Text && !in.deflated {
		k, ok := frame.ValidPrefix(m[in.valid:])
		in.valid += k
		in.notText = !ok || in.whole && in.valid < len(m)
	}
}

package wire

import "sync"

// The sizes of the buffers that bytes are read into.
const (
	inSize   = 16 << 10
	waitSize = 512      // that a plain conn waits in
	bulkSize = 65 << 10 // for who sends much at once, such as whole messages of 64 KiB
)

var (
	inPool   = sync.Pool{New: func() any { return new([inSize]byte) }}
	waitPool = sync.Pool{New: func() any { return new([waitSize]byte) }}
	bulkPool = sync.Pool{New: func() any { return new([bulkSize]byte) }}
)

// freeBuffer gives a pooled buffer back, and drops any other.
func freeBuffer(b []byte) {
	switch len(b) {
	case bulkSize:
		bulkPool.Put((*[bulkSize]byte)(b))
	case inSize:
		inPool.Put((*[inSize]byte)(b))
	case waitSize:
		waitPool.Put((*[waitSize]byte)(b))
	}
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

// Space is where the next bytes go, see socket.Buffer: straight into the message where they are certain to
// belong to it. plain says that it will be held for as long as the read waits.
func (in *input) Space(plain bool) []byte {
	switch {
	case in.buf == nil && in.remaining >= inSize:
		in.grow(1)
		m := *in.msg
		return m[len(m) : len(m)+in.direct()]
	case in.buf == nil && plain && !in.filled && in.remaining <= waitSize:
		in.buf = waitPool.Get().(*[waitSize]byte)[:]
	case in.buf == nil && in.bulk:
		in.buf = bulkPool.Get().(*[bulkSize]byte)[:]
	case in.buf == nil:
		in.buf = inPool.Get().(*[inSize]byte)[:]
	case in.r > 0: // a piece of a header or of a control frame, which fits any size
		in.w = copy(in.buf, in.buf[in.r:in.w])
		in.r = 0
	}
	return in.buf[in.w:]
}

// direct returns how much the message under way takes without a buffer in between.
func (in *input) direct() int {
	return int(min(int64(cap(*in.msg)-len(*in.msg)), in.remaining))
}

// Took notes how much of the Space a read has filled. What it did not need goes back.
func (in *input) Took(n int) {
	if n == 0 {
		in.filled = false
		in.tidy()
		return
	}
	in.bulk = n >= inSize
	if in.buf != nil {
		in.filled = n == len(in.buf)-in.w
	} else {
		in.filled = n == in.direct()
	}
}

// tidy gives the buffer back once it is empty.
func (in *input) tidy() {
	if in.r == in.w {
		freeBuffer(in.buf)
		in.buf, in.r, in.w = nil, 0, 0
	}
}

package wire

import "sync"

const (
	inSize   = 16 << 10 // of a buffer that bytes are read into
	waitSize = 512      // of one that a plain conn waits in
	bulkSize = 65 << 10 // of one for who sends much at once, such as whole messages of 64 KiB
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
		space := m[len(m) : len(m)+int(min(int64(cap(m)-len(m)), in.remaining))]
		in.space = len(space)
		return space
	case in.buf == nil && plain && !in.filled && in.remaining <= waitSize:
		in.buf = waitPool.Get().(*[waitSize]byte)[:]
	case in.buf == nil && in.last >= inSize:
		in.buf = bulkPool.Get().(*[bulkSize]byte)[:]
	case in.buf == nil:
		in.buf = inPool.Get().(*[inSize]byte)[:]
	case in.r > 0: // a piece of a header or of a control frame, which fits any size
		in.w = copy(in.buf, in.buf[in.r:in.w])
		in.r = 0
	}
	in.space = len(in.buf) - in.w
	return in.buf[in.w:]
}

// Took notes how much of the Space a read has filled. What it did not need goes back.
func (in *input) Took(n int) {
	if n == 0 {
		in.filled = false
		in.tidy()
		return
	}
	in.last, in.filled = n, n == in.space
}

// tidy gives the buffer back once it is empty.
func (in *input) tidy() {
	if in.r == in.w {
		freeBuffer(in.buf)
		in.buf, in.r, in.w = nil, 0, 0
	}
}

package wire

import (
	"sync"

	"example.com/wsecho/wsecho/internal/frame"
	"example.com/wsecho/wsecho/internal/pool"
)

// queue is bytes that wait to be written. It lies in pooled chunks, so that what waits for a slow peer
// takes little more memory than it has bytes, and is not copied when more comes.
type queue struct {
	first, last *chunk // nil: empty
	n           int    // bytes
}

// chunk is one piece of a queue.
type chunk struct {
	b      []byte // of which r have left; its array stays
	r      int
	shared bool // b is a Prepared's: nobody appends to it, nor is it pooled
	next   *chunk
}

// The sizes of chunks: for what is written together, and for one message that is better written whole,
// of 64 KiB or of copyMax.
var chunkPools = pool.Sized{{Size: 16 << 10}, {Size: 72 << 10}, {Size: copyMax + 16<<10}}

// newChunk has room for n bytes, or is one of the largest.
func newChunk(n int) *chunk {
	v, size := chunkPools.Get(min(n, chunkPools.Largest()))
	if c, ok := v.(*chunk); ok {
		return c
	}
	return &chunk{b: make([]byte, 0, size)}
}

// sharedChunks are chunks without bytes of their own.
var sharedChunks = sync.Pool{New: func() any { return new(chunk) }}

// free gives the chunk back.
func (c *chunk) free() {
	if c.shared {
		*c = chunk{}
		sharedChunks.Put(c)
		return
	}
	*c = chunk{b: c.b[:0]}
	chunkPools.Put(c, cap(c.b))
}

// tail returns the last chunk, or a new one if that has no space left: with space for n bytes, if a chunk can.
func (q *queue) tail(n int) *chunk {
	if q.last == nil || q.last.shared || len(q.last.b) == cap(q.last.b) {
		q.append(newChunk(n))
	}
	return q.last
}

// append appends a chunk.
func (q *queue) append(c *chunk) {
	if q.last == nil {
		q.first = c
	} else {
		q.last.next = c
	}
	q.last = c
}

// referMin is the length from which a reference takes less memory than a copy.
const referMin = 256

// refer appends p, whose bytes never change, without copying it.
func (q *queue) refer(p []byte) {
	if len(p) < referMin {
		q.add(p)
		return
	}
	c := sharedChunks.Get().(*chunk)
	c.b, c.shared = p, true
	q.append(c)
	q.n += len(p)
}

// add appends p.
func (q *queue) add(p []byte) {
	q.n += len(p)
	for len(p) > 0 {
		c := q.tail(len(p))
		n := copy(c.b[len(c.b):cap(c.b)], p)
		c.b = c.b[:len(c.b)+n]
		p = p[n:]
	}
}

// header appends the header of a frame of n bytes, which are to follow.
func (q *queue) header(op byte, n int) {
	var b [frame.MaxHeader]byte
	h := frame.AppendHeader(b[:0], op, n)
	q.tail(len(h) + n)
	q.add(h)
}

// head returns the bytes to be written first, and whether there are others. What is appended never touches it.
func (q *queue) head() (p []byte, more bool) {
	if q.first == nil {
		return nil, false
	}
	return q.first.b[q.first.r:], q.first.next != nil
}

// advance takes n bytes of the head off.
func (q *queue) advance(n int) {
	q.n -= n
	c := q.first
	if c == nil {
		return
	}
	if c.r += n; c.r < len(c.b) {
		return
	}
	if q.first = c.next; q.first == nil {
		q.last = nil
	}
	c.free()
}

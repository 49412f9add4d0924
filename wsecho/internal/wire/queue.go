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
	own         *chunk // the last that has an array; nil: none has
	n           int    // bytes
}

// chunk is one piece of a queue. Its bytes lie in an array of the queue's, or are a Prepared's.
type chunk struct {
	b     []byte // what has not left
	array []byte // goes back to its pool with this chunk; what lies behind b is free. Nil: not this chunk's
	next  *chunk
}

// arrays come in sizes for what is written together, and for one message that is better written whole,
// of 64 KiB or of copyMax.
var arrays = pool.Sized{{Size: 16 << 10}, {Size: 72 << 10}, {Size: copyMax + 16<<10}}

// newChunk has room for n bytes, or is one of the largest.
func newChunk(n int) *chunk {
	v, size := arrays.Get(min(n, arrays.Largest()))
	if c, ok := v.(*chunk); ok {
		return c
	}
	array := make([]byte, size)
	return &chunk{b: array[:0], array: array}
}

// bareChunks are chunks without an array.
var bareChunks = sync.Pool{New: func() any { return new(chunk) }}

// free gives the chunk back.
func (c *chunk) free() {
	if c.array == nil {
		*c = chunk{}
		bareChunks.Put(c)
		return
	}
	*c = chunk{b: c.array[:0], array: c.array}
	arrays.Put(c, len(c.array))
}

// space returns what is free behind the chunk's bytes.
func (c *chunk) space() []byte {
	if c == nil || c.array == nil {
		return nil
	}
	return c.b[len(c.b):cap(c.b)]
}

// tail returns the last chunk if it has space, or else a new one: in what is left of the array before it, or
// with space for n bytes, if a chunk can. Without the former, short messages between those of which the queue
// only has a reference would take an array each.
func (q *queue) tail(n int) *chunk {
	switch {
	case len(q.last.space()) > 0:
		return q.last
	case len(q.own.space()) > 0:
		c := bareChunks.Get().(*chunk)
		c.b, c.array = q.own.space()[:0], q.own.array // which nobody needs longer than its last chunk
		q.own.array = nil
		q.own = c
	default:
		q.own = newChunk(n)
	}
	q.append(q.own)
	return q.own
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
	c := bareChunks.Get().(*chunk)
	c.b = p
	q.append(c)
	q.n += len(p)
}

// add appends p.
func (q *queue) add(p []byte) {
	q.n += len(p)
	for len(p) > 0 {
		c := q.tail(len(p))
		n := copy(c.space(), p)
		c.b = c.b[:len(c.b)+n]
		p = p[n:]
	}
}

// header appends the header of a frame of n bytes, which are to follow.
func (q *queue) header(op byte, n int) {
	c := q.tail(frame.MaxHeader + n)
	have := len(c.b)
	if cap(c.b)-have < frame.MaxHeader { // it may lie in two chunks
		var b [frame.MaxHeader]byte
		q.add(frame.AppendHeader(b[:0], op, n))
		return
	}
	c.b = frame.AppendHeader(c.b, op, n)
	q.n += len(c.b) - have
}

// head returns the bytes to be written first, and whether there are others. What is appended never touches it.
func (q *queue) head() (p []byte, more bool) {
	if q.first == nil {
		return nil, false
	}
	return q.first.b, q.first.next != nil
}

// advance takes n bytes of the head off.
func (q *queue) advance(n int) {
	q.n -= n
	c := q.first
	if c == nil {
		return
	}
	if c.b = c.b[n:]; len(c.b) > 0 {
		return
	}
	if q.first = c.next; q.first == nil {
		q.last = nil
	}
	if q.own == c {
		q.own = nil
	}
	c.free()
}

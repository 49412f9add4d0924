package pool

// messages are the buffers that messages are collected in. They come in these sizes, so that what a peer holds is never
// far from what it has sent. One for more than the largest is not kept.
var messages = Sized{{Size: 4 << 10}, {Size: 64 << 10}, {Size: 256 << 10}, {Size: 1 << 20}}

// Message returns an empty buffer of n bytes or more.
func Message(n int) *[]byte {
	v, size := messages.Get(n)
	if b, ok := v.(*[]byte); ok {
		return b
	}
	b := make([]byte, 0, size)
	return &b
}

// Free gives a buffer back.
func Free(b *[]byte) {
	*b = (*b)[:0]
	messages.Put(b, cap(*b))
}

// Grow returns a buffer with what b holds and room for n bytes more; b goes back. The sizes are far
// enough apart, and larger ones at least double, that what is copied stays below the message's length.
func Grow(b *[]byte, n int) *[]byte {
	size := len(*b) + n
	if size > messages.Largest() {
		size = max(size, 2*len(*b))
	}
	larger := Message(size)
	*larger = append(*larger, *b...)
	Free(b)
	return larger
}

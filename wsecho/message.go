package wsecho

// The buffers that messages are collected in come in these sizes, so that what a peer holds is never
// far from what it has sent. One for more than the largest is not kept.
var msgPools = sizedPool{{size: 4 << 10}, {size: 64 << 10}, {size: 256 << 10}, {size: 1 << 20}}

// getMsg returns an empty buffer of n bytes or more.
func getMsg(n int) *[]byte {
	v, size := msgPools.get(n)
	if b, ok := v.(*[]byte); ok {
		return b
	}
	b := make([]byte, 0, size)
	return &b
}

// putMsg gives a buffer back.
func putMsg(b *[]byte) {
	*b = (*b)[:0]
	msgPools.put(b, cap(*b))
}

// growMsg returns a buffer with what b holds and room for n bytes more; b goes back. The sizes are far
// enough apart, and larger ones at least double, that what is copied stays below the message's length.
func growMsg(b *[]byte, n int) *[]byte {
	size := len(*b) + n
	if size > msgPools.largest() {
		size = max(size, 2*len(*b))
	}
	larger := getMsg(size)
	*larger = append(*larger, *b...)
	putMsg(b)
	return larger
}

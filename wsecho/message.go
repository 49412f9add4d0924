package wsecho

import "sync"

// The buffers that messages are collected in come in these sizes, each with its pool, so that what a
// peer holds is never far from what it has sent. One for more than the largest is not kept.
var msgPools = [...]struct {
	size int
	sync.Pool
}{{size: 4 << 10}, {size: 64 << 10}, {size: 256 << 10}, {size: 1 << 20}}

// getMsg returns an empty buffer of n bytes or more.
func getMsg(n int) *[]byte {
	for i := range msgPools {
		p := &msgPools[i]
		if n > p.size {
			continue
		}
		if b, ok := p.Get().(*[]byte); ok {
			return b
		}
		n = p.size
		break
	}
	b := make([]byte, 0, n)
	return &b
}

// putMsg gives a buffer back.
func putMsg(b *[]byte) {
	for i := range msgPools {
		if p := &msgPools[i]; cap(*b) == p.size {
			*b = (*b)[:0]
			p.Put(b)
			return
		}
	}
}

// growMsg returns a buffer with what b holds and room for n bytes more; b goes back. The sizes are far
// enough apart, and larger ones at least double, that what is copied stays below the message's length.
func growMsg(b *[]byte, n int) *[]byte {
	size := len(*b) + n
	if size > msgPools[len(msgPools)-1].size {
		size = max(size, 2*len(*b))
	}
	larger := getMsg(size)
	*larger = append(*larger, *b...)
	putMsg(b)
	return larger
}

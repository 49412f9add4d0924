package wsecho

import "sync"

// sizedPool pools what has a buffer, by the buffer's size, so that nobody who needs little holds much.
// The sizes ascend.
type sizedPool []struct {
	size int
	sync.Pool
}

// get returns one whose buffer has n bytes or more, or nil and the size to make it with: n itself, if
// that is more than any.
func (sp sizedPool) get(n int) (v any, size int) {
	for i := range sp {
		if n <= sp[i].size {
			return sp[i].Get(), sp[i].size
		}
	}
	return nil, n
}

// put takes one back whose buffer has size bytes; one of no pooled size is dropped.
func (sp sizedPool) put(v any, size int) {
	for i := range sp {
		if size == sp[i].size {
			sp[i].Put(v)
			return
		}
	}
}

func (sp sizedPool) largest() int { return sp[len(sp)-1].size }

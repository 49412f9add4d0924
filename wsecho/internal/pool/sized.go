// Package pool keeps buffers, by their size, for those who need one for a moment.
package pool

import "sync"

// Sized pools what has a buffer, by the buffer's size, so that nobody who needs little holds much.
// The sizes ascend.
type Sized []Class

// Class is the pool of one size.
type Class struct {
	Size int
	sync.Pool
}

// Get returns one whose buffer has n bytes or more, or nil and the size to make it with: n itself, if
// that is more than any.
func (sp Sized) Get(n int) (v any, size int) {
	for i := range sp {
		if n <= sp[i].Size {
			return sp[i].Get(), sp[i].Size
		}
	}
	return nil, n
}

// Put takes one back whose buffer has size bytes; one of no pooled size is dropped.
func (sp Sized) Put(v any, size int) {
	for i := range sp {
		if size == sp[i].Size {
			sp[i].Put(v)
			return
		}
	}
}

// Largest is the largest size that is kept.
func (sp Sized) Largest() int { return sp[len(sp)-1].Size }

package hub

import "sort"

// ring holds entries in log order. The zero ring is empty.
type ring struct {
	buf  []*entry // its length is a power of two, or 0
	head int      // index in buf of the first
	n    int      // how many there are
}

// minRing is the length of the first buf.
const minRing = 64

// at returns the i-th entry, from 0.
func (r *ring) at(i int) *entry { return r.buf[(r.head+i)&(len(r.buf)-1)] }

// push appends e.
func (r *ring) push(e *entry) {
	if r.n == len(r.buf) {
		r.resize(max(minRing, 2*len(r.buf)))
	}
	r.buf[(r.head+r.n)&(len(r.buf)-1)] = e
	r.n++
}

// pop drops the first entry; there is one.
func (r *ring) pop() {
	r.buf[r.head] = nil
	r.head = (r.head + 1) & (len(r.buf) - 1)
	r.n--
	if len(r.buf) > minRing && r.n <= len(r.buf)/8 {
		r.resize(len(r.buf) / 2) // what a busy hour needed is given back
	}
}

// resize moves all to a buf of that length, which they fit.
func (r *ring) resize(length int) {
	buf := make([]*entry, length)
	for i := range r.n {
		buf[i] = r.at(i)
	}
	r.buf, r.head = buf, 0
}

// after returns the index of the first entry behind seq; n: there is none.
func (r *ring) after(seq uint64) int {
	return sort.Search(r.n, func(i int) bool { return r.at(i).Seq > seq })
}

package wire

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"example.com/wsecho/wsecho/internal/frame"
)

// queued is what the chunks hold, and the memory that they take.
func queued(q *queue) (p []byte, size int) {
	for c := q.first; c != nil; c = c.next {
		p = append(p, c.b[c.r:]...)
		size += cap(c.b)
	}
	return p, size
}

// Whatever is added and taken off, the bytes stay in order, and the memory is little more than they are.
func TestQueue(t *testing.T) {
	t.Parallel()
	var q queue
	var want []byte
	next := byte(0)
	for range 1_000 {
		if rand.IntN(2) == 0 || q.n > 500_000 {
			p, more := q.head()
			if !bytes.HasPrefix(want, p) || more != (len(p) < len(want)) {
				t.Fatalf("the head is %d bytes, more is %v, of %d", len(p), more, len(want))
			}
			n := rand.IntN(len(p) + 1)
			q.advance(n)
			want = want[n:]
		} else {
			p := make([]byte, rand.IntN([]int{10, 300, 20_000, 100_000}[rand.IntN(4)]))
			for i := range p {
				p[i], next = next, next+1
			}
			if rand.IntN(2) == 0 {
				q.header(frame.Binary, len(p))
				want = frame.AppendHeader(want, frame.Binary, len(p))
			}
			q.add(p)
			want = append(want, p...)
		}
		got, size := queued(&q)
		if q.n != len(want) || !bytes.Equal(got, want) {
			t.Fatalf("%d bytes, counted as %d, not %d", len(got), q.n, len(want))
		}
		if (q.first == nil) != (q.n == 0) || (q.last == nil) != (q.n == 0) {
			t.Fatalf("%d bytes between %p and %p", q.n, q.first, q.last)
		}
		if spare := size - q.n; spare > 2*chunkPools.Largest() {
			t.Fatalf("%d bytes take %d", q.n, size)
		}
	}
}

// What begins in an empty queue lies together, up to copyMax: it leaves with one write.
func TestQueueKeepsTogether(t *testing.T) {
	for _, n := range []int{0, 1, 125, 126, 16 << 10, 64 << 10, 1<<16 + 1, copyMax} {
		var q queue
		q.header(frame.Binary, n)
		q.add(make([]byte, n))
		if p, more := q.head(); more || len(p) != q.n {
			t.Errorf("%d bytes: %d of %d in the first chunk", n, len(p), q.n)
		}
	}
}

// A chunk that is written from is not written to where it lies, nor given to another queue.
func TestQueueHeadStays(t *testing.T) {
	var q, other queue
	q.add([]byte("first"))
	p, _ := q.head()
	q.add([]byte("second"))
	other.add([]byte("other"))
	q.advance(2)
	if string(p) != "first" {
		t.Errorf("%q", p)
	}
	if got, _ := queued(&q); string(got) != "rstsecond" {
		t.Errorf("%q", got)
	}
}

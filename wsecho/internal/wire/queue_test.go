package wire

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"unsafe"

	"example.com/wsecho/wsecho/internal/frame"
	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// queued returns the bytes that wait in q, and the memory that is theirs alone.
func queued(q *queue) (p []byte, size int) {
	for c := q.first; c != nil; c = c.next {
		p = append(p, c.b...)
		size += len(c.array) + chunkSize
	}
	return p, size
}

const chunkSize = int(unsafe.Sizeof(chunk{}))

// counter makes bytes of which no two runs that follow each other are the same.
type counter byte

func (k *counter) bytes(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(*k)
		*k++
	}
	return p
}

// model is a queue and what it must hold.
type model struct {
	queue
	want []byte
}

func (m *model) add(p []byte) {
	m.queue.add(p)
	m.want = append(m.want, p...)
}

func (m *model) refer(p []byte) {
	m.queue.refer(p)
	m.want = append(m.want, p...)
}

// frame adds a frame as Conn.enqueue does.
func (m *model) frame(p []byte) {
	m.header(frame.Binary, len(p))
	m.want = frame.AppendHeader(m.want, frame.Binary, len(p))
	m.add(p)
}

// advance takes some of the head off: part of 256 of it.
func (m *model) advance(t *testing.T, part int) {
	t.Helper()
	p, more := m.head()
	if !bytes.HasPrefix(m.want, p) || more != (len(p) < len(m.want)) {
		t.Fatalf("the head is %d bytes, more is %v, of %d", len(p), more, len(m.want))
	}
	n := (len(p)*part + 255) / 256
	m.queue.advance(n)
	m.want = m.want[n:]
}

func (m *model) check(t *testing.T) {
	t.Helper()
	got, size := queued(&m.queue)
	if m.n != len(m.want) || !bytes.Equal(got, m.want) {
		t.Fatalf("%d bytes, counted as %d, not %d", len(got), m.n, len(m.want))
	}
	if (m.first == nil) != (m.n == 0) || (m.last == nil) != (m.n == 0) {
		t.Fatalf("%d bytes between %p and %p", m.n, m.first, m.last)
	}
	if spare := size - m.n; spare > 2*arrays.Largest() {
		t.Fatalf("%d bytes take %d", m.n, size)
	}
}

// Whatever is added, referred to and taken off, the bytes stay in order, and the memory is little more than
// they are.
func TestQueue(t *testing.T) {
	t.Parallel()
	var m model
	var k counter
	for range leaktest.Volume(200, 1_000, 1_000) {
		n := rand.IntN([]int{10, 300, 20_000, 100_000}[rand.IntN(4)])
		switch kind := rand.IntN(6); {
		case kind < 3 || m.n > 200_000:
			m.advance(t, rand.IntN(257))
		case kind == 3:
			m.frame(k.bytes(n))
		case kind == 4:
			m.refer(k.bytes(n))
		default:
			m.add(k.bytes(n))
		}
		m.check(t)
	}
}

func FuzzQueue(f *testing.F) {
	f.Add([]byte("\x02\x20\x00\x05\x02\x30\x01\x01\x03\x80\x03\xff\x02\x01\x00\x07\x03\xff"))
	f.Fuzz(func(t *testing.T, ops []byte) {
		var m model
		var k counter
		for ; len(ops) > 1 && m.n < 1<<18; ops = ops[2:] {
			n := int(ops[1])
			switch ops[0] % 4 {
			case 0:
				m.frame(k.bytes(n * 3))
			case 1:
				m.add(k.bytes(n * 300))
			case 2:
				m.refer(k.bytes(n * 20))
			default:
				m.advance(t, n+1)
			}
			m.check(t)
		}
	})
}

// Short messages between such that the queue only refers to share an array: they would take one each, and a
// peer that reads nothing many times its WriteLimit.
func TestQueueOfBothKinds(t *testing.T) {
	var q queue
	shared := make([]byte, referMin)
	for range 1_000 {
		q.refer(shared)
		q.header(frame.Text, 10)
		q.add([]byte("ten bytes."))
	}
	_, size := queued(&q)
	if own := q.n - 1_000*len(shared); size > own+2_000*chunkSize+2*arrays.Largest() {
		t.Errorf("%d bytes of its own take %d", own, size)
	}
	var p []byte
	for q.n > 0 {
		head, _ := q.head()
		p = append(p, head[:1]...)
		q.advance(len(head))
	}
	if len(p) != 2_000 || q.own != nil {
		t.Errorf("%d chunks, one left: %v", len(p), q.own)
	}
}

// The array of a chunk goes back to its pool once nothing in it waits, and not before.
func TestQueueLendsItsArray(t *testing.T) {
	var q queue
	q.add([]byte("first"))
	array := &q.own.array[0]
	q.refer(make([]byte, referMin))
	q.add([]byte("third"))
	if first := q.first; first.array != nil || &q.own.array[0] != array || q.own == first {
		t.Fatal("the array did not move on to the chunk that is written to")
	}
	q.advance(len("first"))
	q.advance(referMin)
	var other queue
	other.add([]byte("other"))
	if &other.own.array[0] == array {
		t.Error("another queue got an array from which bytes are still to leave")
	}
	if p, _ := q.head(); string(p) != "third" {
		t.Errorf("%q", p)
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

package deflate

import (
	"runtime"
	"sync"
)

// Deflate turns few bytes into much work, so that a crowd of peers could keep every processor from the
// sessions that want little. Therefore at most GOMAXPROCS messages are inflated or deflated at once, in
// the whole process. The others wait, in the order in which they came; and as a message gives its place
// up after each slice of work, one that needs little never waits for the whole of another.

// Work is counted in bytes that inflate, of the cheapest kind: 64 KiB take some 100 µs.
const (
	sliceWork   = 64 << 10       // after so much a message gives its place up for a moment
	shortWork   = 4 * sliceWork  // after so much it is a long one
	stintWork   = 32 * sliceWork // after so much a long one lets another long one go on; ReadLimit's default is less
	finalWork   = 1 << 10        // it takes to go on behind a final block: the copy of a window
	inputWork   = 16             // a byte of input takes at most: a block may be nothing but tables
	deflateWork = 4              // a byte takes to deflate
	writeWork   = 4 << 10        // a block takes besides: a search for its codes
	pieceSize   = 2 << 10        // bytes of input between two looks at the work done
)

// limiter shares the processors out. A channel serves those that wait for it in the order in which they came.
type limiter struct {
	places chan struct{} // full: as many work as may
	long   chan struct{} // full: as many long messages have a place, or wait for one, as there are places
}

func newLimiter(n int) *limiter {
	return &limiter{places: make(chan struct{}, n), long: make(chan struct{}, n)}
}

// processors is the process's limiter. It is made when the first message comes: a main may set GOMAXPROCS.
var processors = sync.OnceValue(func() *limiter { return newLimiter(runtime.GOMAXPROCS(0)) })

// turn is a message's right to a processor, from begin to end. Nothing may wait for a peer or for a lock
// of a connection meanwhile.
type turn struct {
	of    *limiter
	long  bool // it stands in the line of the long ones
	slice int  // work left of this slice
	stint int  // work left until it joins the end of that line
}

// begin waits for a place.
func (t *turn) begin(of *limiter) {
	*t = turn{of: of, slice: sliceWork, stint: shortWork}
	t.take()
}

// take waits for a place. Who had to wait has been woken to run next, and would be followed by the next
// that waited, and so on: so it lets those go first who were ready before.
func (t *turn) take() {
	select {
	case t.of.places <- struct{}{}:
	default:
		t.of.places <- struct{}{}
		runtime.Gosched()
	}
}

// work notes what has been done. After each slice others may have the place.
func (t *turn) work(n int) {
	t.stint -= n
	if t.slice -= n; t.slice <= 0 {
		t.pause()
	}
}

// pause gives the place up and takes one again. No more long ones wait for one than there are places, the
// others wait for those: so one that begins waits for few slices, however many long ones there are.
func (t *turn) pause() {
	<-t.of.places
	runtime.Gosched()
	if t.stint <= 0 {
		if t.long {
			<-t.of.long
		}
		t.of.long <- struct{}{}
		t.long, t.stint = true, stintWork
	}
	t.slice = sliceWork
	t.take()
}

// end gives the place to the next.
func (t *turn) end() {
	<-t.of.places
	if t.long {
		<-t.of.long
	}
}

package deflate

import (
	"runtime"
	"sync"
)

// Deflate turns few bytes into much work, so that a crowd of peers could keep every processor, and much
// memory, from the sessions that want little. Therefore a message that takes long gives its processor up
// after each slice of work, and in the whole process no more than GOMAXPROCS of these are under way: the
// others wait, in the order in which they came. All that is short just runs, and waits for nobody.

// Work is counted in bytes that inflate, of the cheapest kind: 64 KiB take some 100 µs.
const (
	sliceWork   = 64 << 10       // after so much a message lets others run
	shortWork   = 4 * sliceWork  // after so much it takes long
	stintWork   = 32 * sliceWork // after so much one that takes long lets the next one; ReadLimit's default is less
	finalWork   = 1 << 10        // it takes to go on behind a final block: the copy of a window
	inputWork   = 16             // a byte of input takes at most: a block may be nothing but tables
	pieceSize   = 2 << 10        // bytes of input between two looks at the work done
	deflateWork = 4              // a byte takes to deflate
	writeWork   = 4 << 10        // a block takes besides: a search for its codes
)

// places is one for each message that takes long and is under way. It is made when the first one comes: a
// main may set GOMAXPROCS. A channel serves those that wait in the order in which they came.
var places = sync.OnceValue(func() chan struct{} { return make(chan struct{}, runtime.GOMAXPROCS(0)) })

// turn is one message's use of a processor. The zero value begins it, and end must follow. Nothing may
// wait for a peer or for a lock of a connection meanwhile.
type turn struct {
	slice int  // work done of the slice
	stint int  // work done since it began, or took its place
	long  bool // it has a place
}

// work notes what has been done. After each slice it lets others run.
func (t *turn) work(n int) {
	t.slice += n
	if t.slice < sliceWork {
		return
	}
	t.stint += t.slice
	t.slice = 0
	switch {
	case !t.long && t.stint >= shortWork:
		t.long = true
		t.take()
	case t.long && t.stint >= stintWork:
		<-places()
		t.take()
	}
	// Also behind take: who has waited there runs next, before those that were ready earlier.
	runtime.Gosched()
}

// take waits for a place.
func (t *turn) take() {
	places() <- struct{}{}
	t.stint = 0
}

// end leaves the place to the next.
func (t *turn) end() {
	if t.long {
		<-places()
	}
}

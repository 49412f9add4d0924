package deflate

import (
	"bytes"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"example.com/wsecho/wsecho/internal/pool"
)

// withPlaces gives f a process of n processors, none of which is taken.
func withPlaces(t *testing.T, n int, f func(of *limiter)) {
	synctest.Test(t, func(t *testing.T) {
		of, whole := newLimiter(n), processors
		processors = func() *limiter { return of }
		defer func() { processors = whole }()
		f(of)
		if len(of.places)+len(of.long) > 0 {
			t.Errorf("%d places are still taken, %d by long messages", len(of.places), len(of.long))
		}
	})
}

// order is what has ended, in that order.
type order struct {
	sync.Mutex
	names []string
}

func (o *order) end(name string) {
	o.Lock()
	defer o.Unlock()
	o.names = append(o.names, name)
}

func (o *order) is(t *testing.T, want ...string) {
	t.Helper()
	o.Lock()
	defer o.Unlock()
	if !slices.Equal(o.names, want) {
		t.Errorf("%q have ended, want %q", o.names, want)
	}
}

// do starts f and waits until it has ended or waits for a turn.
func (o *order) do(name string, f func()) {
	go func() { f(); o.end(name) }()
	synctest.Wait()
}

func inflating(t *testing.T, p []byte) func() {
	deflated := squeeze(t, p)
	return func() {
		msg, err := new(Inflater).Inflate(deflated, -1)
		if err != nil || len(*msg) != len(p) {
			t.Errorf("%d bytes, %v, want %d", len(*msg), err, len(p))
		}
		pool.Free(msg)
	}
}

func deflating(p []byte) func() {
	return func() {
		z := &Deflater{window: windowSize}
		z.Deflate(p)
		z.Done()
	}
}

// TestTurns: no more messages are inflated and deflated at once than there are processors.
func TestTurns(t *testing.T) {
	withPlaces(t, 2, func(of *limiter) {
		var ended order
		var others [2]turn
		for i := range others {
			others[i].begin(of)
		}
		ended.do("in", inflating(t, []byte("Hello")))
		ended.do("out", deflating([]byte("Hello")))
		ended.do("nothing", func() { new(Inflater).Inflate(nil, 100) })
		ended.is(t, "nothing")
		others[0].end()
		synctest.Wait()
		others[1].end()
		slices.Sort(ended.names)
		ended.is(t, "in", "nothing", "out")
	})
}

// slices is a turn of n slices that says so before it ends.
func (o *order) slices(of *limiter, name string, n int) {
	go func() {
		var t turn
		t.begin(of)
		for range n {
			t.work(sliceWork)
		}
		o.end(name)
		t.end()
	}()
	synctest.Wait()
}

// TestTurnsAreShort: what begins never waits for the whole of a long message, whatever makes that long.
func TestTurnsAreShort(t *testing.T) {
	zeros := make([]byte, 4<<20)
	empty := append(bytes.Repeat([]byte("\x00\x00\x00\xff\xff"), 20_000), 0)
	finals := append(bytes.Repeat([]byte("\x03\x00"), 20_000), 0)
	for name, long := range map[string]func(){
		"inflating":                inflating(t, zeros),
		"deflating":                deflating(zeros),
		"deflating, small windows": func() { (&Deflater{window: 256}).Deflate(zeros[:200_000]) },
		"empty blocks":             func() { new(Inflater).Inflate(empty, 100) },
		"final blocks":             func() { new(Inflater).Inflate(finals, 100) },
	} {
		t.Run(name, func(t *testing.T) {
			withPlaces(t, 1, func(of *limiter) {
				var ended order
				var other turn
				other.begin(of)
				for range 3 {
					ended.do("long", long)
				}
				ended.slices(of, "short", 0)
				ended.is(t)
				other.end()
				synctest.Wait()
				ended.is(t, "short", "long", "long", "long")
			})
		})
	}
}

// TestTurnsOfLongMessages: as many long messages go on at a time as there are processors, so that few hold
// much memory, and each is done before the next if it is within ReadLimit's default. A longer one lets the
// next go on, and what is short goes before all.
func TestTurnsOfLongMessages(t *testing.T) {
	withPlaces(t, 1, func(of *limiter) {
		var ended order
		var other turn
		other.begin(of)
		ended.slices(of, "8 MiB", 8<<20/sliceWork)
		ended.slices(of, "1 MiB", 1<<20/sliceWork)
		ended.slices(of, "1 MiB again", 1<<20/sliceWork)
		ended.slices(of, "short", 3)
		other.end()
		synctest.Wait()
		ended.is(t, "short", "1 MiB", "1 MiB again", "8 MiB")
	})
}

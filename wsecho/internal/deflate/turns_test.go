package deflate

import (
	"bytes"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/pool"
)

// withPlaces gives f a process of n processors, all of whose places are taken until free is called.
func withPlaces(t *testing.T, n int, f func(free func())) {
	synctest.Test(t, func(t *testing.T) {
		own, whole := make(chan struct{}, n), places
		places = func() chan struct{} { return own }
		defer func() { places = whole }()
		for range n {
			own <- struct{}{}
		}
		f(func() { <-own; synctest.Wait() })
		if len(own) > 0 {
			t.Errorf("%d places are still taken", len(own))
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
	deflated := peer.Deflate(p)
	return func() {
		msg, err := new(Inflater).Inflate(deflated, -1)
		if err != nil || len(*msg) != len(p) {
			t.Errorf("%d bytes, %v, want %d", len(*msg), err, len(p))
		}
		pool.Free(msg)
	}
}

func deflating(p []byte, window int) func() {
	return func() {
		z := &Deflater{window: window}
		z.Deflate(p)
		z.Done()
	}
}

// long is what takes long, each for another reason.
func long(t *testing.T) map[string]func() {
	zeros := make([]byte, 1<<20)
	tail := func(block string, n int) []byte { return append(bytes.Repeat([]byte(block), n), 0) }
	return map[string]func(){
		"inflating":                inflating(t, zeros),
		"inflating empty blocks":   func() { new(Inflater).Inflate(tail("\x00\x00\x00\xff\xff", 20_000), 100) },
		"inflating final blocks":   func() { new(Inflater).Inflate(tail("\x03\x00", 20_000), 100) },
		"deflating":                deflating(zeros, windowSize),
		"deflating, small windows": deflating(zeros[:50_000], 256),
	}
}

// TestTurns: no more messages that take long go on than there are processors. What is short waits for none.
func TestTurns(t *testing.T) {
	for name, long := range long(t) {
		t.Run(name, func(t *testing.T) {
			withPlaces(t, 2, func(free func()) {
				var ended order
				for range 5 {
					ended.do("long", long)
				}
				ended.do("short in", inflating(t, bytes.Repeat([]byte("Hello "), 5000)))
				ended.do("short out", deflating(make([]byte, 64<<10), windowSize))
				ended.is(t, "short in", "short out")
				free()
				ended.is(t, "short in", "short out", "long", "long", "long", "long", "long")
				free()
			})
		})
	}
}

// TestTurnsEnd: a message that takes long and fails leaves its place to the next.
func TestTurnsEnd(t *testing.T) {
	withPlaces(t, 1, func(free func()) {
		var ended order
		bomb := peer.Deflate(make([]byte, 4<<20))
		for _, limit := range []int64{1 << 20, 2 << 20, -1} {
			ended.do("bomb", func() {
				msg, _ := new(Inflater).Inflate(bomb, limit)
				pool.Free(msg)
			})
		}
		ended.is(t)
		free()
		ended.is(t, "bomb", "bomb", "bomb")
	})
}

// TestTurnsOfLongMessages: one within ReadLimit's default is done before the next one, so that few hold
// much memory. A longer one lets the next ones go on.
func TestTurnsOfLongMessages(t *testing.T) {
	withPlaces(t, 1, func(free func()) {
		var ended order
		for _, v := range []struct {
			name string
			work int
		}{{"16 MiB", 16 << 20}, {"1 MiB", 1 << 20}, {"1 MiB again", 1 << 20}} {
			go func() {
				var t turn
				for range v.work / sliceWork {
					t.work(sliceWork)
				}
				ended.end(v.name)
				t.end()
			}()
			synctest.Wait()
		}
		free()
		ended.is(t, "1 MiB", "1 MiB again", "16 MiB")
	})
}

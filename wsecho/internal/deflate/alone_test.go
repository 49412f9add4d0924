package deflate

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// Between the messages of a session one that was deflated for many may come at any place: each inflates with
// the peer's window, and refers no further back than to that, nor does the one for many to anything before it.
func TestAloneAmongOthers(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, window := range []int{256, 4 << 10, windowSize} {
		for _, keep := range []bool{true, false} {
			z := &Deflater{keep: keep, window: window}
			var theirs []byte
			alone := 0
			for range leaktest.Volume(1, 5, 20) {
				for _, p := range chatter() {
					var deflated []byte
					before := theirs
					if !keep {
						before = nil
					}
					if r.IntN(2) == 0 && z.TakesAlone(len(p)) {
						alone++
						deflated = Alone(p)
						before = nil
						z.Forget()
					} else {
						deflated = bytes.Clone(z.Deflate(p))
						z.Done()
					}
					got, farthest, err := peer.Inflate(before, append(deflated, endOfMessage[:4]...))
					if err != nil || !bytes.Equal(got, p) {
						t.Fatalf("window %d, keep %v: %d bytes, not %d, %v", window, keep, len(got), len(p), err)
					}
					if farthest > window {
						t.Fatalf("window %d, keep %v: it refers %d back", window, keep, farthest)
					}
					theirs = append(theirs, p...)
					theirs = theirs[max(0, len(theirs)-windowSize):]
				}
			}
			if alone == 0 {
				t.Errorf("window %d: none went alone", window)
			}
		}
	}
}

// A window takes what is no longer than itself, and the largest takes all.
func TestTakesAlone(t *testing.T) {
	for _, c := range []struct {
		window, n int
		takes     bool
	}{{256, 256, true}, {256, 257, false}, {4096, 4096, true}, {4096, 1 << 20, false}, {windowSize, 1 << 20, true}} {
		if z := (&Deflater{window: c.window}); z.TakesAlone(c.n) != c.takes {
			t.Errorf("%+v: %t", c, !c.takes)
		}
	}
}

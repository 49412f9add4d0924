package wire

import (
	"bytes"
	"math/rand/v2"
	"sync"
	"testing"

	"example.com/wsecho/wsecho/internal/frame"
	"example.com/wsecho/wsecho/internal/peer"
)

// While Messages are at work, and the reader takes one after the other out of its buffer, unmasks them and
// hands them over to be written to, the rest can be asked for from outside.
func TestRestWhileMessageWorks(t *testing.T) {
	t.Parallel()
	stream := peer.Join(peer.Text("one"), peer.Fragment(peer.OpBinary, "frag"), peer.Ping("p"), peer.Fragment(peer.OpContinuation|peer.Fin, "ment"),
		peer.Binary(make([]byte, 70_000)), peer.Text("two"), peer.Close(1000, "bye"))
	for range 200 {
		in := newInput(1<<20, false)
		fed := 0
		for fed < len(stream) {
			space := in.Space(false)
			n := copy(space, stream[fed:min(len(stream), fed+1+rand.IntN(30_000))])
			in.Took(n)
			in.arrived(n)
			fed += n
			in.mark()
			var asker sync.WaitGroup
			asker.Go(func() {
				if rest := in.rest(); !sameRest(rest, stream[:fed], false) {
					t.Errorf("after %d bytes: %+v", fed, rest.frames)
				}
			})
			for {
				op, p, err := in.next()
				if err != nil {
					t.Fatal(err)
				}
				if op == 0 {
					break
				}
				clear(p)
			}
			asker.Wait() // the phase is the reader's again
			in.release()
		}
	}
}

// sameRest says whether what rest returned is where a Skipper of all bytes is: it will make the same of
// all that comes.
func sameRest(d *discarder, all []byte, compression bool) bool {
	want := frame.Skipper{Deflate: compression}
	want.Skip(all)
	for _, more := range [][]byte{nil, peer.Text("m"), peer.Close(1000, ""), make([]byte, 14), bytes.Repeat([]byte{0x7f}, 14)} {
		a, b := d.frames, want
		a.Skip(more)
		b.Skip(more)
		if a.Done != b.Done || !a.Done && (a.Open != b.Open || a.Remaining != b.Remaining) {
			return false
		}
	}
	return true
}

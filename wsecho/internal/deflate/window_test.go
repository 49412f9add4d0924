package deflate

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"example.com/wsecho/wsecho/internal/peer"
)

// TestWindow: no message refers further back than the window agreed on, nor, without context takeover, to
// the message before; and windows are made use of.
func TestWindow(t *testing.T) {
	messages := chatter()
	for i := range 32 { // windows end everywhere within them
		messages = append(messages, records(uint64(i), rand.IntN(1500)), records(uint64(i), 1<<(8+i%8)))
	}
	for bits := 8; bits <= 15; bits++ {
		for _, keep := range []bool{true, false} {
			t.Run(fmt.Sprintf("%d bits, takeover %t", bits, keep), func(t *testing.T) {
				z, in := &Deflater{keep: keep, window: 1 << bits}, &Inflater{keep: keep}
				var before []byte
				most := 0
				for i, p := range messages {
					deflated := append(bytes.Clone(z.Deflate(p)), flushEnd...)
					z.Done()
					got, farthest, err := peer.Inflate(before, deflated)
					if err != nil || !bytes.Equal(got, p) || farthest > 1<<bits {
						t.Fatalf("message %d of %d bytes: %d bytes, %v; it refers %d bytes back", i, len(p), len(got), err, farthest)
					}
					if got, err := in.Inflate(deflated, int64(len(p))); err != nil || !bytes.Equal(*got, p) {
						t.Fatalf("message %d of %d bytes: Inflate: %d bytes, %v", i, len(p), len(*got), err)
					}
					if most = max(most, farthest); keep {
						before = append(before, p...)
						before = before[max(0, len(before)-windowSize):]
					}
				}
				if most < 1<<bits*3/4 {
					t.Errorf("no message refers further back than %d bytes", most)
				}
			})
		}
	}
}

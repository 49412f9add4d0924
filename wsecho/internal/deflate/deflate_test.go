package deflate

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
)

// chatter is messages that say again what others said before, of sizes around the window's.
func chatter() (all [][]byte) {
	words := make([]byte, 8<<10)
	rand.NewChaCha8([32]byte{}).Read(words)
	for i, size := range []int{1, 10, 600, 1, 9000, 32 << 10, 100, 32<<10 - 1, 40_000, 20_000, 20_000, 100_000, 0, 600, 600} {
		p := fmt.Appendf(nil, "%d ", i)
		for len(p) < size {
			at := rand.IntN(len(words) - 100)
			p = append(p, words[at:at+100]...)
		}
		all = append(all, p[:size])
	}
	return all
}

// What a session deflates, any inflater reads that does what was agreed on, and one with a window
// gets less for what was said before.
func TestDeflate(t *testing.T) {
	sizes := map[bool]int{}
	messages := chatter()
	for _, keep := range []bool{true, false} {
		out, in := &Deflater{keep: keep, window: windowSize}, &Inflater{keep: keep}
		var theirs []byte // window of a plain flate.Reader
		for i, p := range messages {
			z := bytes.Clone(out.Deflate(p))
			out.Done()
			sizes[keep] += len(z)
			whole := io.MultiReader(bytes.NewReader(z), strings.NewReader(string(endOfMessage)))
			if got, err := io.ReadAll(flate.NewReaderDict(whole, theirs)); err != nil || string(got) != string(p)+string(rune(endByte)) {
				t.Fatalf("keep %v, message %d of %d bytes: flate reads %d, %v", keep, i, len(p), len(got), err)
			}
			if got, e := in.Inflate(z, -1); e != nil || !bytes.Equal(*got, p) {
				t.Fatalf("keep %v, message %d of %d bytes: inflate reads %d, %+v", keep, i, len(p), len(*got), e)
			}
			if keep {
				theirs = append(theirs, p...)
				theirs = theirs[max(0, len(theirs)-windowSize):]
				if !bytes.Equal(in.window, theirs) {
					t.Fatalf("message %d: the window differs", i)
				}
			} else if in.window != nil || out.w != nil {
				t.Fatal("something is kept for the next message")
			}
		}
	}
	if sizes[true] >= sizes[false]*9/10 {
		t.Errorf("%d bytes with a window, %d without", sizes[true], sizes[false])
	}
}

// A session keeps no buffer that one large message needed.
func TestDeflateGivesBack(t *testing.T) {
	p := make([]byte, 1<<20)
	rand.NewChaCha8([32]byte{}).Read(p)
	for _, keep := range []bool{true, false} {
		z := &Deflater{keep: keep, window: windowSize}
		z.Deflate(p)
		z.Done()
		if keep && cap(z.w.out) > keptBuffer || !keep && z.w != nil {
			t.Errorf("keep %v: something is kept for the next message", keep)
		}
	}
}

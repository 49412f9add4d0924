package deflate

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

// The examples of RFC 7692 section 7.2.3, in one session each: what came before may be referred to.
func TestInflateExamples(t *testing.T) {
	const hello = "\xf2\x48\xcd\xc9\xc9\x07\x00"
	for _, v := range []struct {
		name string
		keep bool
		in   []string
		want []string // "!": does not inflate
	}{
		{"one block", true, []string{hello}, []string{"Hello"}},
		{"the window of the message before", true, []string{hello, "\xf2\x00\x11\x00\x00"}, []string{"Hello", "Hello"}},
		{"no window of the message before", false, []string{hello, "\xf2\x00\x11\x00\x00", hello}, []string{"Hello", "!"}},
		{"no compression", true, []string{"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"}, []string{"Hello"}},
		{"a final block", true, []string{"\xf3\x48\xcd\xc9\xc9\x07\x00\x00", "\xf2\x00\x11\x00\x00"}, []string{"Hello", "Hello"}},
		{"two blocks", true, []string{"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"}, []string{"Hello"}},
		{"an empty message", true, []string{"\x00", "", hello}, []string{"", "", "Hello"}},
		{"final blocks in the middle", true, []string{strings.Repeat("\xf3\x48\xcd\xc9\xc9\x07\x00", 3) + hello, "\xf2\x00\x11\x00\x00"}, []string{"HelloHelloHelloHello", "Hello"}},
		{"as many final blocks as may be", true, []string{strings.Repeat("\x03\x00", finalsMax) + hello}, []string{"Hello"}},
		{"too many final blocks", true, []string{strings.Repeat("\x03\x00", finalsMax+1) + hello}, []string{"!"}},
		{"a reserved block type", true, []string{"\x07\x00"}, []string{"!"}},
		{"a block cut short", true, []string{"\x00\x50\x00\xaf\xff\x48"}, []string{"!"}},
		{"a code cut short", true, []string{"\xf2\x48\xcd"}, []string{"!"}},
		{"lengths that do not agree", true, []string{"\x00\x05\x00\xfb\xff\x48\x65\x6c\x6c\x6f\x00"}, []string{"!"}},
		{"a distance before the start", true, []string{"\xf2\x00\x11\x00\x00"}, []string{"!"}},
	} {
		z := &Inflater{keep: v.keep}
		for i, want := range v.want {
			msg, e := z.Inflate([]byte(v.in[i]), 100)
			got := *msg
			switch {
			case want == "!":
				if e == nil || e == websocket.ErrMessageTooBig {
					t.Errorf("%s, message %d: %q, %+v", v.name, i, got, e)
				}
			case e != nil || string(got) != want:
				t.Errorf("%s, message %d: %q, %+v, want %q", v.name, i, got, e, want)
			}
		}
	}
}

func TestInflateLimit(t *testing.T) {
	for _, size := range []int{0, 1, 100, 512, 513, 32 << 10, 32<<10 + 1, 200_000} {
		p := bytes.Repeat([]byte("ab"), size/2+1)[:size]
		for _, limit := range []int64{-1, int64(size), int64(size) - 1} {
			if limit < -1 || limit == -1 && size == 0 {
				continue
			}
			z := &Inflater{keep: true}
			msg, e := z.Inflate(squeeze(t, p), limit)
			got := *msg
			if over := limit >= 0 && limit < int64(size); over != (e != nil) || over && e != websocket.ErrMessageTooBig || !over && !bytes.Equal(got, p) {
				t.Errorf("%d bytes, limit %d: %d, %+v", size, limit, len(got), e)
			}
		}
	}
}

// squeeze is what a peer sends for p, RFC 7692 section 7.2.1.
func squeeze(t *testing.T, p []byte) []byte {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(p)
	w.Flush()
	return bytes.TrimSuffix(b.Bytes(), []byte(flushEnd))
}

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
		out, in := &Deflater{keep: keep}, &Inflater{keep: keep}
		var theirs []byte // window of a plain flate.Reader
		for i, p := range messages {
			z := bytes.Clone(out.Deflate(p))
			out.Done()
			sizes[keep] += len(z)
			whole := io.MultiReader(bytes.NewReader(z), strings.NewReader(messageEnd))
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
		z := &Deflater{keep: keep}
		z.Deflate(p)
		z.Done()
		if keep && cap(z.w.out) > keptBuffer || !keep && z.w != nil {
			t.Errorf("keep %v: something is kept for the next message", keep)
		}
	}
}

// A final stored block of nine bytes, of which none is there, must not be filled with what inflate adds.
func TestInflateCutShort(t *testing.T) {
	for n := byte(1); n < 10; n++ {
		if n == 4 {
			continue // the four that section 7.2.2 adds are its data, by the letter
		}
		got, e := new(Inflater).Inflate([]byte{1, n, 0, ^n, 0xff}, 100)
		if e == nil {
			t.Errorf("%d bytes: inflates to %q", n, *got)
		}
	}
}

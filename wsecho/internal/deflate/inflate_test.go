package deflate

import (
	"bytes"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/pool"
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
		{"a final block and no empty one", true, []string{"\xf3\x48\xcd\xc9\xc9\x07\x00", "\xf2\x00\x11\x00\x00"}, []string{"Hello", "Hello"}},
		{"a final stored block of no bytes, cut off like a flush", true, []string{"\x01", hello}, []string{"", "Hello"}},
		{"the end of the flush left on", true, []string{hello + flushEnd, "\xf2\x00\x11\x00\x00" + flushEnd}, []string{"Hello", "Hello"}},
		{"a final block, and the end of a flush left on", true, []string{"\xf3\x48\xcd\xc9\xc9\x07\x00\x00" + flushEnd, hello}, []string{"Hello", "Hello"}},
		{"a final stored block whose data look like that end", true, []string{"\x01\x04\x00\xfb\xff" + flushEnd, hello}, []string{flushEnd, "Hello"}},
		{"an empty message with its end left on", true, []string{"\x00" + flushEnd, hello}, []string{"", "Hello"}},
		{"that end alone", true, []string{flushEnd}, []string{"!"}},
		{"that end twice", true, []string{hello + flushEnd + flushEnd}, []string{"!"}},
		{"a stored block cut short whose data look like that end", true, []string{"\x01\x08\x00\xf7\xff" + flushEnd}, []string{"!"}},
		{"a stored block cut short by what shows the end", true, []string{"\x01\x07\x00\xf8\xff" + flushEnd}, []string{"!"}},
		{"many final blocks", true, []string{strings.Repeat("\x03\x00", 10_000) + hello}, []string{"Hello"}},
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

// endings are the forms in which a message may come, each for the same p.
var endings = map[string]func(p []byte) []byte{
	"flushed":               peer.Deflate,
	"flushed, its end left": func(p []byte) []byte { return append(peer.Deflate(p), flushEnd...) },
	"finished":              peer.Finish,
	"finished, and a zero":  func(p []byte) []byte { return append(peer.Finish(p), 0) },
	"finished, its end cut": func(p []byte) []byte { return bytes.TrimSuffix(peer.Finish(p), []byte(flushEnd)) },
	"in final blocks": func(p []byte) (z []byte) {
		for n := len(p)/10 + 1; len(p) > n; p = p[n:] {
			z = append(z, peer.Finish(p[:n])...)
		}
		return append(z, peer.Finish(p)...)
	},
}

// TestInflateLimit: the limit is bytes after inflation, to the letter, and no buffer grows for what is
// beyond it, however the message ends.
func TestInflateLimit(t *testing.T) {
	for name, ending := range endings {
		for _, size := range []int{0, 1, 2, 512, 4096, 32<<10 + 1, 64 << 10, 1 << 20} {
			for _, last := range []byte{'b', endByte} { // it may be mistaken for ours
				p := bytes.Repeat([]byte("a "), size/2+1)[:size]
				if size > 0 {
					p[size-1] = last
				}
				deflated := ending(p)
				for _, limit := range []int64{-1, int64(size) + 1, int64(size), int64(size) - 1} {
					var want error
					switch {
					case limit < -1 || limit == -1 && size == 0:
						continue
					case limit >= 0 && int64(size) > limit:
						want = websocket.ErrMessageTooBig
					}
					msg, err := new(Inflater).Inflate(deflated, limit)
					if err != want || err == nil && !bytes.Equal(*msg, p) {
						t.Errorf("%s, %d bytes, limit %d: %d bytes, %v", name, size, limit, len(*msg), err)
					}
					if limit >= 0 && limit <= 1<<20 && cap(*msg) > 1<<20 {
						t.Errorf("%s, %d bytes, limit %d: a buffer of %d", name, size, limit, cap(*msg))
					}
					pool.Free(msg)
				}
			}
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

// TestInflateFinalBlocks: a message of nothing but final blocks, each of which may refer as far back as
// any block, costs no memory but its own. Copies of the window kept for each would be 1.6 GB.
func TestInflateFinalBlocks(t *testing.T) {
	for name, block := range map[string]string{"empty": "\x03\x00", "of one byte": "\x4b\x04\x00"} {
		n := 50_000
		z := &Inflater{keep: true, window: make([]byte, windowSize)}
		p := append(bytes.Repeat([]byte(block), n), 0)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		msg, err := z.Inflate(p, 1<<20)
		runtime.ReadMemStats(&after)
		if want := (len(block) - 2) * n; err != nil || len(*msg) != want {
			t.Errorf("%s: %d bytes, %v, want %d", name, len(*msg), err, want)
		}
		if got := after.TotalAlloc - before.TotalAlloc; got > 4<<20 {
			t.Errorf("%s: %d MB allocated", name, got>>20)
		}
	}
}

// TestInflatePrefixes: a message of which some is missing is none, unless what is there ends with a final
// block, or as flushed, or the four bytes of section 7.2.2 make it end so: another inflater says where.
func TestInflatePrefixes(t *testing.T) {
	stored := "\x01\x0a\x00\xf5\xff" + "0123456789" + "\x01\x0a\x00\xf5\xff" + "012345" + flushEnd
	for name, ending := range endings {
		p := ending(records(1, 1500))
		p = slices.Concat(peer.Finish([]byte("first")), []byte(stored), p, []byte(stored), peer.Deflate([]byte("last")))
		whole := 0
		for n := 1; n <= len(p); n++ {
			msg, err := new(Inflater).Inflate(p[:n:n], -1)
			want, _, missing := peer.Inflate(nil, p[:n])
			if final := bytes.HasSuffix(p[:n], []byte(flushEnd)) || bytes.HasSuffix(p[:n], []byte("789")); missing != nil || !final {
				want, _, missing = peer.Inflate(nil, append(p[:n:n], flushEnd...))
			}
			if (err == nil) != (missing == nil) || err == nil && !bytes.Equal(*msg, want) {
				t.Errorf("%s, %d of %d bytes: %d bytes, %v; want %d, %v", name, n, len(p), len(*msg), err, len(want), missing)
			}
			if err == nil {
				whole++
			}
			pool.Free(msg)
		}
		if whole < 4 || whole > len(p)/10 {
			t.Errorf("%s: %d of %d beginnings are messages", name, whole, len(p))
		}
	}
}

package frame

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"example.com/wsecho/wsecho/internal/peer"
)

// skipped says what a Skipper makes of p, pieces of which come one after the other.
func skipped(k Skipper, p []byte, cuts ...int) Skipper {
	from := 0
	for _, cut := range append(cuts, len(p)) {
		k.Skip(p[from:cut])
		from = cut
	}
	return k
}

// parse is what a Skipper is to find in p, which begins at a frame: whether the close frame is in, or a
// violation; if not, where p ends.
func parse(p []byte, open, deflate bool) (k Skipper) {
	k = Skipper{Open: open, Deflate: deflate}
	for {
		h, err := ParseHeader(p, k.Open, deflate)
		if err != nil {
			k.Done = true
			return k
		}
		if h.Size == 0 {
			k.n = uint8(copy(k.head[:], p))
			return k
		}
		if h.Op < Close {
			k.Open = !h.Fin
		}
		k.closing = h.Op == Close
		if p = p[h.Size:]; int64(len(p)) < h.Len {
			k.Remaining = h.Len - int64(len(p))
			return k
		}
		if k.closing {
			k.Done = true
			return k
		}
		p = p[h.Len:]
	}
}

// same says whether two skippers will make the same of all that comes. A header is the same in whatever
// bytes of head were not used.
func same(a, b Skipper) bool {
	if a.Done || b.Done {
		return a.Done == b.Done
	}
	return a.Open == b.Open && a.Remaining == b.Remaining && (a.closing == b.closing || a.Remaining == 0) && bytes.Equal(a.head[:a.n], b.head[:b.n])
}

// streams of frames, with what a Skipper that has skipped them is to be.
var streams = []struct {
	name    string
	deflate bool
	p       []byte
	want    Skipper
}{
	{name: "nothing"},
	{name: "a message of each length", p: peer.Join(peer.Text(""), peer.Text("short"), peer.Binary(make([]byte, 126)), peer.Binary(make([]byte, 65535)), peer.Binary(make([]byte, 65536)))},
	{name: "control frames between fragments", p: peer.Join(peer.Fragment(peer.OpText, "a"), peer.Ping("p"), peer.Fragment(peer.OpContinuation, ""), peer.Pong(""), peer.Fragment(peer.OpContinuation|peer.Fin, "b"), peer.Text("c"))},
	{name: "a message under way", p: peer.Join(peer.Fragment(peer.OpBinary, "a"), peer.Ping("p")), want: Skipper{Open: true}},
	{name: "a close frame", p: peer.Close(1005, ""), want: Skipper{Done: true}},
	{name: "a close frame with a payload", p: peer.Close(1000, "bye"), want: Skipper{Done: true}},
	{name: "a close frame inside a message", p: peer.Join(peer.Fragment(peer.OpText, "a"), peer.Close(1000, "bye")), want: Skipper{Done: true}},
	{name: "a close frame that says nothing right", p: peer.CloseBody([]byte{0}), want: Skipper{Done: true}},
	{name: "what follows a close frame", p: peer.Join(peer.Text("a"), peer.Close(1000, ""), []byte("\xff\xff\xff\xff")), want: Skipper{Done: true}},
	{name: "half a close frame", p: peer.Close(1000, "bye")[:7], want: Skipper{closing: true, Remaining: 4}},
	{name: "a frame of a TB", p: peer.Frame{First: peer.Fin | peer.OpBinary, Declared: 1 << 40, Payload: []byte("x")}.Bytes(), want: Skipper{Remaining: 1<<40 - 1}},
	{name: "a compressed message", deflate: true, p: peer.Compressed(peer.OpText, []byte("hello"))},
	{name: "a message that is none", p: peer.Text("\xff")},
	{name: "not masked", p: peer.Join(peer.Text("a"), []byte{0x81, 0x00}), want: Skipper{Done: true}},
	{name: "a compressed message without compression", p: peer.Compressed(peer.OpText, []byte("hello")), want: Skipper{Done: true}},
	{name: "a reserved opcode", p: []byte{0x83}, want: Skipper{Done: true}},
	{name: "a continuation of nothing", p: peer.Fragment(peer.OpContinuation, "a"), want: Skipper{Done: true}},
	{name: "a message inside a message", p: peer.Join(peer.Fragment(peer.OpText, "a"), peer.Text("b")), want: Skipper{Done: true}},
	{name: "a control frame too long", p: peer.Frame{First: peer.Fin | peer.OpPing, Declared: 126, Form: 16}.Bytes()[:2], want: Skipper{Done: true}},
	{name: "a length not in its shortest form", p: peer.Frame{First: peer.Fin | peer.OpBinary, Form: 64}.Bytes(), want: Skipper{Done: true}},
	{name: "a length with its top bit set", p: []byte{0x82, 0xff, 0x80}, want: Skipper{Done: true}},
}

// However a stream is cut, a Skipper that has skipped all of its pieces is where the stream is.
func TestSkipper(t *testing.T) {
	t.Parallel()
	for _, c := range streams {
		t.Run(c.name, func(t *testing.T) {
			k := Skipper{Deflate: c.deflate}
			if got := skipped(k, c.p); !same(got, c.want) {
				t.Errorf("in one piece: %+v, want %+v", got, c.want)
			}
			edges := make([]int, 0, len(c.p)) // near the bounds of frames: a payload is as good cut anywhere
			for i := range c.p {
				if n := len(c.p); n < 200 || i < 60 || i > n-60 || near(c.p, i) {
					edges = append(edges, i)
				}
			}
			for i, a := range edges {
				for _, b := range edges[i:] {
					if got := skipped(k, c.p, a, b); !same(got, c.want) {
						t.Fatalf("cut at %d and %d: %+v, want %+v", a, b, got, c.want)
					}
				}
			}
			for i := range c.p { // and with each byte it knows what can be known by then
				if got, want := skipped(k, c.p[:i]), parse(c.p[:i], false, c.deflate); !same(got, want) {
					t.Fatalf("the first %d bytes: %+v, want %+v", i, got, want)
				}
			}
			got := k
			for _, b := range c.p {
				got.Skip([]byte{b})
			}
			if !same(got, c.want) {
				t.Errorf("byte by byte: %+v, want %+v", got, c.want)
			}
		})
	}
}

// near says whether a frame of p begins near byte i.
func near(p []byte, i int) bool {
	for at := 0; at <= i+20; {
		h, err := ParseHeader(p[at:], false, true)
		if err != nil || h.Size == 0 {
			return false
		}
		if i-at < 20 {
			return true
		}
		at += h.Size + int(h.Len)
		if at > len(p) {
			return false
		}
	}
	return false
}

// A Skipper that begins inside a frame, or a message, goes on from there.
func TestSkipperBeginsAnywhere(t *testing.T) {
	tail := peer.Join([]byte("rest!"), peer.Fragment(peer.OpContinuation|peer.Fin, "b"), peer.Close(1000, ""))
	for cut := range tail {
		if k := skipped(Skipper{Open: true, Remaining: 5}, tail, cut); !k.Done {
			t.Errorf("cut at %d: %+v", cut, k)
		}
		if k := skipped(Skipper{Open: true, Remaining: 5}, tail[:cut]); k.Done {
			t.Errorf("done after %d bytes of %d", cut, len(tail))
		}
	}
}

// Of payloads a Skipper reads nothing: they may be a Message's, who does with them as it likes.
func TestSkipperReadsNoPayload(t *testing.T) {
	payloads := []int{0, 1, 125, 126, 1000, 70_000}
	var p []byte
	var mine [][2]int // of p
	for i, n := range payloads {
		b := peer.Frame{First: peer.Fin | peer.OpBinary, Payload: make([]byte, n)}.Bytes()
		if i%2 == 1 {
			b[0] &^= peer.Fin
			b = append(b, peer.Fragment(peer.OpContinuation|peer.Fin, "")...)
			mine = append(mine, [2]int{len(p) + len(b) - 6 - n, len(p) + len(b) - 6})
		} else {
			mine = append(mine, [2]int{len(p) + len(b) - n, len(p) + len(b)})
		}
		p = append(p, b...)
	}
	bye := peer.Close(1000, "bye")
	mine = append(mine, [2]int{len(p) + 6, len(p) + len(bye)})
	p = append(p, bye...)

	var stop atomic.Bool
	var writer sync.WaitGroup
	writer.Go(func() {
		for b := byte(0); !stop.Load(); b++ {
			for _, m := range mine {
				for i := m[0]; i < m[1]; i++ {
					p[i] = b
				}
			}
		}
	})
	for range 300 {
		cut := rand.IntN(len(p))
		k := skipped(Skipper{}, p[:len(p)-1], cut)
		if k.Done || k.Remaining != 1 {
			t.Errorf("cut at %d, a byte is missing: %+v", cut, k)
		}
		if k.Skip(p[len(p)-1:]); !k.Done {
			t.Errorf("cut at %d: %+v", cut, k)
		}
	}
	stop.Store(true)
	writer.Wait()
}

// FuzzSkipper holds a Skipper that gets bytes in pieces to parse, which has them all at once.
func FuzzSkipper(f *testing.F) {
	for _, c := range streams {
		f.Add(c.p, uint64(1), false, c.deflate)
		f.Add(c.p, uint64(2), true, false)
	}
	f.Fuzz(func(t *testing.T, p []byte, seed uint64, open, deflate bool) {
		r := rand.New(rand.NewPCG(seed, 0))
		k := Skipper{Open: open, Deflate: deflate}
		for at := 0; at < len(p); {
			n := 1 + r.IntN(1+r.IntN(len(p)-at))
			k.Skip(p[at : at+n])
			at += n
			if want := parse(p[:at], open, deflate); !same(k, want) {
				t.Fatal(fmt.Sprintf("after %d of %x: %+v, want %+v", at, p, k, want))
			}
		}
	})
}

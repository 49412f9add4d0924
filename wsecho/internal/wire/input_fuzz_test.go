package wire

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"example.com/wsecho/wsecho/internal/frame"
	"example.com/wsecho/wsecho/internal/peer"
)

// outcome is what an input has made of bytes: messages and control frames, and the end that they call for.
type outcome struct {
	frames []string
	end    string
}

// take takes out what is whole, as the reader does. While each message is there, rested looks at the input.
func (o *outcome) take(in *input, rested func()) {
	for o.end == "" {
		op, p, err := in.next()
		var e *End
		switch {
		case err != nil:
			e = wrong(err)
		case op == 0:
			in.release()
			return
		case op == frame.Close:
			e = peerClosed(p)
		default:
			o.frames = append(o.frames, fmt.Sprintf("%d:%x", op, p))
			for i := range p { // which are the Message's
				p[i] = 0x88
			}
			rested()
		}
		if e != nil {
			in.final = e.peerDone
			o.end = fmt.Sprintf("%s %v %d %q", e.Label, e.Err, e.Code, e.Reason) // a close frame may be wrong before it is in
		}
	}
	in.discard()
}

// newInput returns an input with or without compression.
func newInput(limit int64, compression bool) *input {
	in := &input{limit: limit}
	if compression {
		in.codec = codec()
	}
	return in
}

// whole is what an input makes of p if it is all there at once.
func whole(p []byte, limit int64, compression bool) (o outcome) {
	in := newInput(limit, compression)
	in.preload(p)
	o.take(in, func() {})
	return o
}

// inPieces is what it makes of p if that comes in pieces of the lengths that piece returns, given the space
// there is. Wherever it may be asked, the rest that it returns is where a frame.Skipper of all bytes is.
func inPieces(t *testing.T, p []byte, limit int64, compression, plain bool, piece func(space int) int) (o outcome) {
	in := newInput(limit, compression)
	at := 0
	check := func() {
		if rest := in.rest(); o.end == "" && !sameRest(rest, p[:at], compression) {
			t.Fatalf("the rest after %d bytes of %x: %+v", at, p, rest.frames)
		}
	}
	for at < len(p) && o.end == "" {
		space := in.Space(plain)
		n := piece(min(len(space), len(p)-at))
		copy(space, p[at:at+n])
		if in.Took(n); n == 0 {
			continue
		}
		at += n
		in.arrived(n)
		in.mark()
		check()
		o.take(in, check)
	}
	if o.end == "" {
		in.mark()
		check()
		in.discard()
	}
	if in.buf != nil || in.msg != nil || in.inflated != nil {
		t.Errorf("a buffer is kept: %+v", in)
	}
	return o
}

// talks are what peers send.
var talks = [][]byte{
	peer.Join(peer.Text("hello"), peer.Ping("p"), peer.Binary([]byte{1, 2}), peer.Pong(""), peer.Text(""), peer.Close(1000, "bye")),
	peer.Join(peer.Fragment(peer.OpText, "añ\xe2\x82"), peer.Ping("between"), peer.Fragment(peer.OpContinuation, ""), peer.Fragment(peer.OpContinuation|peer.Fin, "\xac😀"), peer.Close(1005, "")),
	peer.Join(peer.Binary(make([]byte, 126)), peer.Binary(bytes.Repeat([]byte("0123456789"), 7000)), peer.Text("behind")),
	peer.Join(peer.Fragment(peer.OpBinary, string(make([]byte, 40_000))), peer.Fragment(peer.OpContinuation|peer.Fin, string(make([]byte, 30_000))), peer.Text("m")),
	peer.Join(peer.Compressed(peer.OpText, bytes.Repeat([]byte("deflated "), 300)), peer.Text("plain"), peer.Compressed(peer.OpBinary, nil)),
	peer.Join(peer.Text("ok"), peer.Text("\xff and more")), peer.Join(peer.Fragment(peer.OpText, "ok"), peer.Fragment(peer.OpContinuation|peer.Fin, "\xe2\x82")),
	peer.Compressed(peer.OpText, []byte("\xff")), peer.Frame{First: peer.Fin | peer.RSV1 | peer.OpBinary, Payload: []byte("no deflate")}.Bytes(),
	peer.Binary(make([]byte, 200_000)), peer.Join(peer.Fragment(peer.OpBinary, string(make([]byte, 60_000))), peer.Fragment(peer.OpContinuation, string(make([]byte, 60_000)))),
	peer.Close(1006, "not to be sent"), peer.Close(1000, "\xff"), peer.CloseBody([]byte{3}), peer.CloseBody([]byte{3, 232, 0xe2, 0x82}),
	{0x81, 0}, {0x83}, {0x89, 0xfe}, {0x00}, {0x82, 0xff, 0, 0, 0, 0, 0, 0, 0, 1}, peer.Join(peer.Fragment(peer.OpText, "a"), peer.Text("b")),
}

// However bytes come, the messages and the end are the same as if they came at once.
func TestInputInPieces(t *testing.T) {
	t.Parallel()
	const limit = 100_000
	r := rand.New(rand.NewPCG(1, 2))
	for i, p := range talks {
		for _, compression := range []bool{false, true} {
			want := whole(p, limit, compression)
			for name, piece := range map[string]func(space int) int{
				"all":         func(space int) int { return space },
				"one by one":  func(int) int { return 1 },
				"any":         func(space int) int { return r.IntN(space + 1) },
				"small":       func(space int) int { return r.IntN(min(space, 20) + 1) },
				"all but one": func(space int) int { return max(space-1, 1) },
			} {
				for _, plain := range []bool{false, true} {
					got := inPieces(t, p, limit, compression, plain, piece)
					if got.end != want.end || !slices.Equal(got.frames, want.frames) {
						t.Errorf("talk %d, compression %v, plain %v, pieces %s: %.300v, want %.300v", i, compression, plain, name, got, want)
					}
				}
			}
		}
	}
}

// What is wrong is said as soon as the byte that shows it is in, of a frame that is not whole too.
func TestWrongAtOnce(t *testing.T) {
	for name, c := range map[string]struct {
		p   []byte
		n   int // bytes of it, with which it shows
		end string
	}{
		"a close code":   {peer.Close(1006, "why"), 8, "protocol"},
		"a close reason": {peer.Close(1000, "a\xffb"), 10, "invalid"},
		"text":           {peer.Text("a\xffb"), 8, "invalid"},
		"a long message": {peer.Frame{First: peer.Fin | peer.OpBinary, Declared: 1001}.Bytes(), 4, "too_big"},
		"no mask":        {[]byte{0x81, 5}, 2, "protocol"},
	} {
		if o := whole(c.p[:c.n-1], 1000, false); o.end != "" {
			t.Errorf("%s: %d bytes are enough for %s", name, c.n-1, o.end)
		}
		if o := whole(c.p[:c.n], 1000, false); !strings.HasPrefix(o.end, c.end+" ") {
			t.Errorf("%s: %d bytes are not enough: %q", name, c.n, o.end)
		}
	}
}

// FuzzInput is TestInputInPieces with any bytes.
func FuzzInput(f *testing.F) {
	for _, p := range talks {
		f.Add(p, uint64(1), uint32(1<<20), false, false)
		f.Add(p, uint64(2), uint32(1000), true, true)
	}
	f.Fuzz(func(t *testing.T, p []byte, seed uint64, limit uint32, compression, plain bool) {
		r := rand.New(rand.NewPCG(seed, 0))
		want := whole(p, int64(limit), compression)
		got := inPieces(t, p, int64(limit), compression, plain, func(space int) int { return r.IntN(1 + r.IntN(space+1)) })
		if got.end != want.end || !slices.Equal(got.frames, want.frames) {
			t.Errorf("%x: %.300v, want %.300v", p, got, want)
		}
	})
}

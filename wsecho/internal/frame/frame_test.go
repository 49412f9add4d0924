package frame

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"github.com/coder/websocket"
)

// answer is the close code that err asks for; 0: err is nil.
func answer(err error) websocket.StatusCode {
	if err == nil {
		return 0
	}
	return err.(*Error).Code
}

// Every first two bytes of a frame, in every state, against RFC 6455 section 5.2 rule by rule.
func TestParseHeaderStarts(t *testing.T) {
	for _, state := range []struct{ open, deflate bool }{{false, false}, {true, false}, {false, true}, {true, true}} {
		for start := range 1 << 16 {
			b := binary.BigEndian.AppendUint16(nil, uint16(start))
			fin, rsv1, rsv23, op := b[0]&0x80 != 0, b[0]&0x40 != 0, b[0]&0x30 != 0, b[0]&0x0f
			masked, n7 := b[1]&0x80 != 0, b[1]&0x7f
			control, data := op >= 8, op == 1 || op == 2
			broken := []bool{
				rsv23,
				rsv1 && !state.deflate,
				rsv1 && !data, // RFC 7692 section 6.1: the first frame of a message alone
				!slices.Contains([]byte{0, 1, 2, 8, 9, 10}, op),
				!masked,
				control && !fin,
				control && n7 > 125,
				op == 0 && !state.open,
				data && state.open,
			}
			h, e := ParseHeader(b, state.open, state.deflate)
			if (e != nil) != slices.Contains(broken, true) {
				t.Fatalf("%x in %+v: %v, rules broken %v", b, state, e, broken)
			}
			if e != nil && (answer(e) != websocket.StatusProtocolError || e.Error() == "") {
				t.Fatalf("%x: %+v", b, e)
			}
			if _, e := ParseHeader(b[:1], state.open, state.deflate); (e != nil) != slices.Contains([]bool{broken[0], broken[1], broken[2], broken[3], broken[5], broken[7], broken[8]}, true) {
				t.Fatalf("%x in %+v: %v of the first byte, rules broken %v", b, state, e, broken)
			}
			if e == nil && (h.Fin != fin || h.RSV1 != rsv1 || h.Op != op || h.Size != 0 || n7 < 126 && h.Len != int64(n7)) {
				t.Fatalf("%x: %+v", b, h)
			}
		}
	}
}

// A header cut at every byte says nothing before it can, and everything as soon as it can: what is
// wrong with a length once the length is in, its value before the key.
func TestParseHeaderLengths(t *testing.T) {
	for _, v := range []struct {
		form int // bits
		n    uint64
		ok   bool
	}{
		{7, 0, true}, {7, 1, true}, {7, 125, true},
		{16, 0, false}, {16, 1, false}, {16, 125, false}, {16, 126, true}, {16, 127, true}, {16, 256, true}, {16, 65535, true},
		{64, 0, false}, {64, 126, false}, {64, 65535, false}, {64, 65536, true}, {64, 1 << 32, true}, {64, 1<<63 - 1, true},
		{64, 1 << 63, false}, {64, 1<<63 + 5, false}, {64, 1<<64 - 1, false},
	} {
		b := []byte{Fin | Binary}
		switch v.form {
		case 7:
			b = append(b, Mask|byte(v.n))
		case 16:
			b = binary.BigEndian.AppendUint16(append(b, Mask|126), uint16(v.n))
		case 64:
			b = binary.BigEndian.AppendUint64(append(b, Mask|127), v.n)
		}
		known, shown := len(b), len(b) // the length, and that it is wrong
		if v.form == 64 {
			shown = 8 // the first six bytes are zero
			if v.n >= 1<<63 {
				shown = 3
			}
		}
		b = append(b, 0x11, 0x22, 0x33, 0x44, 'p', 'a', 'y')
		for i := range len(b) + 1 {
			h, e := ParseHeader(b[:i], false, false)
			if want := i >= shown && !v.ok; (e != nil) != want {
				t.Errorf("%d in %d bits, %d bytes of it: %v", v.n, v.form, i, e)
			}
			if e != nil {
				continue
			}
			n, size, key := int64(0), 0, uint32(0)
			if i >= known {
				n = int64(v.n)
			}
			if i >= known+4 {
				size, key = known+4, 0x44332211
			}
			if h.Len != n || h.Size != size || h.Key != key {
				t.Errorf("%d in %d bits, %d bytes of it: %+v", v.n, v.form, i, h)
			}
		}
	}
}

// What AppendHeader writes, a client's header with the same length says as well.
func TestAppendHeader(t *testing.T) {
	for _, n := range []int{0, 1, 125, 126, 127, 255, 256, 65535, 65536, 65537, 1 << 24, math.MaxInt & 0x0102030405060708, math.MaxInt} {
		b := AppendHeader([]byte("before"), Text, n)
		if !bytes.HasPrefix(b, []byte("before")) {
			t.Fatalf("%d: %q", n, b)
		}
		b = b[len("before"):]
		if b[1]&Mask != 0 {
			t.Errorf("%d: masked", n)
		}
		b[1] |= Mask
		h, e := ParseHeader(append(b, 0, 0, 0, 0), false, false)
		if e != nil || h.Len != int64(n) || h.Op != Text || !h.Fin || h.RSV1 || h.Size != len(b)+4 {
			t.Errorf("%d: % x, read as %+v, %v", n, b, h, e)
		}
	}
}

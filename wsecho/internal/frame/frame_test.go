package frame

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

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

// naiveUnmask is RFC 6455 section 5.3 to the letter.
func naiveUnmask(p []byte, key [4]byte, at int) {
	for i := range p {
		p[i] ^= key[(at+i)%4]
	}
}

func TestUnmask(t *testing.T) {
	key := [4]byte{0x81, 0x02, 0xf3, 0x44}
	plain := make([]byte, 300)
	for i := range plain {
		plain[i] = byte(i * 7)
	}
	for n := range 130 {
		for offset := range 9 { // of p in memory
			for at := range 4 { // of p in the frame
				got, want := bytes.Clone(plain), bytes.Clone(plain)
				naiveUnmask(want[offset:offset+n], key, at)
				turned := binary.LittleEndian.Uint32([]byte{key[at], key[(at+1)%4], key[(at+2)%4], key[(at+3)%4]})
				next := Unmask(got[offset:offset+n], turned)
				if !bytes.Equal(got, want) {
					t.Fatalf("%d bytes at %d, %d in the frame: differs", n, offset, at)
				}
				if b := binary.LittleEndian.AppendUint32(nil, next); b[0] != key[(at+n)%4] || b[1] != key[(at+n+1)%4] || b[3] != key[(at+n+3)%4] {
					t.Fatalf("%d bytes, %d in the frame: the key is turned to % x", n, at, b)
				}
			}
		}
	}
}

func FuzzUnmask(f *testing.F) {
	f.Add([]byte("some bytes that a peer may send, more than thirty-two of them"), uint32(0x01020304), uint(7))
	f.Add([]byte{}, uint32(0), uint(0))
	f.Fuzz(func(t *testing.T, p []byte, k uint32, cut uint) {
		want := bytes.Clone(p)
		naiveUnmask(want, [4]byte(binary.LittleEndian.AppendUint32(nil, k)), 0)
		i := int(cut % uint(len(p)+1))
		if Unmask(p[i:], Unmask(p[:i], k)); !bytes.Equal(p, want) {
			t.Errorf("cut at %d of %d: differs", i, len(p))
		}
	})
}

// trickyText is every kind of rune, and everything that looks like one and is none.
var trickyText = []string{
	"", "a", "añ€😀z", "\x00\x7f\u0080\u07ff\u0800\ud7ff\ue000\ufffd\uffff\U00010000\U0010ffff",
	"\x80", "\xbf", "a\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\xc2", "\xdf\xbf",
	"\xe0\x80\x80", "\xe0\x9f\xbf", "\xe0\xa0\x80", "\xe1\x80", "\xe1\x80a",
	"\xed\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xee\x80\x80", "\xef\xbf\xbf",
	"\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf0\x90\x80\x80", "\xf0\x9f\x98", "\xf0\x9f\x98a",
	"\xf4\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf4\x90", "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80", "\xfe", "\xff",
	"ok\xe2\x82", "ok\xe2\x82\xac", "\xe2\x82\xe2\x82\xac", "\xf0\x9f\x98\x80\x80", "a\xffb", "\xf0\x9fok\xf0\x9f\x98\x80",
}

// checkPrefix holds ValidPrefix to its words, with utf8's own decoder.
func checkPrefix(t *testing.T, b []byte) {
	t.Helper()
	n, ok := ValidPrefix(b)
	want := 0
	for want < len(b) {
		if r, size := utf8.DecodeRune(b[want:]); r != utf8.RuneError || size > 1 {
			want += size
		} else {
			break
		}
	}
	// What is left can be mended if some continuation makes a rune of it.
	rest, mendable := b[want:], false
	for _, tail := range []string{"", "\x80", "\x80\x80", "\x80\x80\x80", "\x90", "\x90\x80", "\x90\x80\x80", "\xa0", "\xa0\x80", "\xa0\x80\x80"} {
		r, size := utf8.DecodeRune(append(bytes.Clone(rest), tail...))
		mendable = mendable || len(rest) == 0 || r != utf8.RuneError && size == len(rest)+len(tail)
	}
	if ok != mendable || ok && n != want {
		t.Errorf("%q: %d whole, ok %v, want %d, %v", b, n, ok, want, mendable)
	}
}

func TestValidPrefix(t *testing.T) {
	for _, s := range trickyText {
		for i := range len(s) + 1 {
			for j := i; j <= len(s); j++ {
				checkPrefix(t, []byte(s[i:j]))
			}
			checkPrefix(t, []byte(strings.Repeat("long ", 20)+s[:i]))
		}
	}
}

func FuzzValidPrefix(f *testing.F) {
	for _, s := range trickyText {
		f.Add([]byte(s))
	}
	f.Fuzz(checkPrefix)
}

func TestTruncateReason(t *testing.T) {
	long := strings.Repeat("r", maxCloseReason)
	for _, v := range []struct{ reason, want string }{
		{"", ""}, {"bye", "bye"}, {long, long}, {long + "r", long},
		{long[:122] + "ñ", long[:122]}, {long[:121] + "ñ", long[:121] + "ñ"},
		{long[:120] + "😀", long[:120]}, {long[:119] + "😀x", long[:119] + "😀"},
		{"a\xffb", "a"}, {"\xff", ""}, {"cut short \xe2\x82", "cut short "}, {"real \ufffd", "real \ufffd"},
	} {
		if got := TruncateReason(v.reason); got != v.want {
			t.Errorf("%q is cut to %q, want %q", v.reason, got, v.want)
		}
	}
}

// Every close code, sent and read: RFC 6455 section 7.4 and the IANA registry.
func TestCloseCodes(t *testing.T) {
	for code := range 1 << 16 {
		legal := code >= 1000 && code <= 1003 || code >= 1007 && code <= 1014 || code >= 3000 && code <= 4999
		if Sendable(websocket.StatusCode(code)) != legal {
			t.Errorf("Sendable(%d) is %v", code, !legal)
		}
		ce, e := ParseClose(append(binary.BigEndian.AppendUint16(nil, uint16(code)), "why"...), true)
		if (e == nil) != legal || ce != (websocket.CloseError{Code: websocket.StatusCode(code), Reason: "why"}) {
			t.Errorf("%d: %v, %v", code, ce, e)
		}
		if e != nil && answer(e) != websocket.StatusProtocolError {
			t.Errorf("%d is answered by %d", code, answer(e))
		}
	}
}

func TestParseClose(t *testing.T) {
	for _, v := range []struct {
		payload string
		want    websocket.CloseError
		answer  websocket.StatusCode // 0: it is right
	}{
		{"", websocket.CloseError{Code: websocket.StatusNoStatusRcvd}, 0},
		{"\x03", websocket.CloseError{}, 1002},
		{"\x03\xe8", websocket.CloseError{Code: 1000}, 0},
		{"\x03\xe8añ€😀", websocket.CloseError{Code: 1000, Reason: "añ€😀"}, 0},
		{"\x03\xe8\xff", websocket.CloseError{Code: 1000, Reason: "\xff"}, 1007},
		{"\x03\xe8\xe2\x82", websocket.CloseError{Code: 1000, Reason: "\xe2\x82"}, 1007},
		{"\x03\xed\xff", websocket.CloseError{Code: 1005, Reason: "\xff"}, 1002},
	} {
		ce, e := ParseClose([]byte(v.payload), true)
		if ce != v.want || (e == nil) != (v.answer == 0) || answer(e) != v.answer {
			t.Errorf("%q: %v, %+v", v.payload, ce, e)
		}
	}
	// Of a part it says what no continuation can mend.
	for _, v := range []struct {
		part   string
		answer websocket.StatusCode
	}{
		{"", 0}, {"\x03", 0}, {"\x03\xe8", 0}, {"\x03\xed", 1002}, {"\x03\xe8a", 0}, {"\x03\xe8\xe2", 0}, {"\x03\xe8\xe2\x82", 0},
		{"\x03\xe8\xff", 1007}, {"\x03\xe8a\xe2a", 1007}, {"\x03\xe8\xed\xa0", 1007},
	} {
		if _, e := ParseClose([]byte(v.part), false); (e == nil) != (v.answer == 0) || answer(e) != v.answer {
			t.Errorf("%q, and more to come: %+v", v.part, e)
		}
	}
}

func TestAppendClose(t *testing.T) {
	for _, v := range []struct {
		code   websocket.StatusCode
		reason string
		want   string
	}{
		{1000, "", "\x88\x02\x03\xe8"},
		{4999, "bye", "\x88\x05\x13\x87bye"},
		{1001, strings.Repeat("r", 123), "\x88\x7d\x03\xe9" + strings.Repeat("r", 123)},
		{1005, "", "\x88\x00"},
		{1005, "dropped", "\x88\x00"},
	} {
		if got := AppendClose([]byte("x"), v.code, v.reason); string(got) != "x"+v.want {
			t.Errorf("%d %q: %q", v.code, v.reason, got)
		}
	}
}

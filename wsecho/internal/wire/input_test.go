package wire

import (
	"bytes"
	"math"
	"testing"
	"unicode/utf8"

	"example.com/wsecho/wsecho/internal/frame"
	"example.com/wsecho/wsecho/internal/pool"
)

// A header alone reserves 64 KiB, whatever it declares and whatever the pools have; and while a message
// comes in, its buffer is never much more than four times what has come.
func TestHeaderReservesLittle(t *testing.T) {
	for range 3 { // a large message before
		pool.Free(pool.Message(1 << 20))
	}
	for _, declared := range []int64{1, 1000, maxUnseenReserve, maxUnseenReserve + 1, 1 << 20, 1 << 40, math.MaxInt64} {
		var in input
		in.begin(frame.Header{Fin: true, Op: frame.Binary, Len: declared})
		in.grow(1)
		if got := cap(*in.msg); got > maxUnseenReserve {
			t.Errorf("%d declared: %d reserved", declared, got)
		}
	}
	var in input
	in.begin(frame.Header{Fin: true, Op: frame.Binary, Len: 1 << 40})
	copied, last := 0, 0
	for range 5000 { // 5 MB in pieces of 1000
		in.grow(1000)
		if cap(*in.msg) != last {
			copied, last = copied+len(*in.msg), cap(*in.msg)
		}
		*in.msg = (*in.msg)[:len(*in.msg)+1000]
		in.collected(1000)
		if n := len(*in.msg); cap(*in.msg) > 4*n+maxUnseenReserve {
			t.Fatalf("%d bytes have come, %d are reserved", n, cap(*in.msg))
		}
	}
	if copied > 2*len(*in.msg) {
		t.Errorf("%d bytes were copied for a message of %d", copied, len(*in.msg))
	}
}

// What is certain to belong to a large message is read straight into it, and never past its end.
func TestRoomWithinLargeMessage(t *testing.T) {
	var in input
	in.begin(frame.Header{Fin: true, Op: frame.Binary, Len: inSize + 10})
	for in.remaining >= inSize {
		p := in.Space(false)
		if in.buf != nil || len(p) == 0 || int64(len(p)) > in.remaining {
			t.Fatalf("room of %d with %d bytes to come, a buffer of %d", len(p), in.remaining, len(in.buf))
		}
		*in.msg = (*in.msg)[:len(*in.msg)+5]
		in.collected(5)
	}
	if p := in.Space(false); len(p) != inSize || len(in.buf) != inSize {
		t.Errorf("room of %d for what may belong to the next frame", len(p))
	}
}

// The buffer is there only while it has bytes, and a plain conn waits in a small one.
func TestRoomAndTidy(t *testing.T) {
	for _, plain := range []bool{false, true} {
		var in input
		size := inSize
		if plain {
			size = waitSize
		}
		p := in.Space(plain)
		if len(p) != size {
			t.Errorf("plain %v: room of %d", plain, len(p))
		}
		in.tidy()
		if in.buf != nil {
			t.Error("an empty buffer is kept")
		}
		p = in.Space(plain)
		in.w = copy(p, "abcdef")
		in.r = 4
		in.tidy()
		p = in.Space(plain) // the rest moves to the front
		if got := string(in.buf[in.r:in.w]); got != "ef" || in.r != 0 || len(p) != size-2 {
			t.Errorf("plain %v: %q is left at %d, room of %d", plain, got, in.r, len(p))
		}
		in.r = in.w
		if in.tidy(); in.buf != nil {
			t.Error("an empty buffer is kept")
		}
	}
}

// A buffer is as large as the last read was, or the next size up; on a plain conn, which waits with
// it in hand, only where more is likely to be there.
func TestRoomGrows(t *testing.T) {
	for _, v := range []struct {
		plain, full bool
		last        int
		left        int64
		size        int
	}{
		{false, false, 0, 0, inSize}, {false, false, inSize - 1, 0, inSize}, {false, false, inSize, 0, bulkSize}, {false, false, bulkSize, 0, bulkSize},
		{true, false, 0, 0, waitSize}, {true, true, waitSize, 0, inSize}, {true, true, inSize, 0, bulkSize},
		{true, false, waitSize, 0, waitSize}, {true, false, inSize, 0, waitSize}, {true, false, inSize - 1, 5000, inSize},
	} {
		in := input{bulk: v.last >= inSize, filled: v.full, remaining: v.left}
		if p := in.Space(v.plain); len(p) != v.size {
			t.Errorf("%+v: room of %d", v, len(p))
		}
		if in.tidy(); in.buf != nil {
			t.Errorf("%+v: an empty buffer is kept", v)
		}
	}
}

// What net/http has read already comes first, however much it is.
func TestPreload(t *testing.T) {
	for _, n := range []int{0, 1, 14, 100, 4096, inSize - 1, inSize, inSize + 1, 100_000} {
		early := bytes.Repeat([]byte{'e'}, n)
		var in input
		in.preload(early)
		clear(early) // net/http's again
		if got := in.buf[in.r:in.w]; len(got) != n || bytes.Count(got, []byte{'e'}) != n {
			t.Errorf("%d bytes: %d are there", n, len(got))
		}
		if in.r = max(in.w-5, 0); n > 5 && len(in.Space(false)) != len(in.buf)-5 {
			t.Errorf("%d bytes: no room after the last five", n)
		}
		in.r = in.w
		if in.tidy(); in.buf != nil {
			t.Errorf("%d bytes: the buffer is kept", n)
		}
	}
}

// However a text is cut, checking it piece by piece finds what checking it whole does, and never a byte
// later than the first that no continuation can mend.
func TestTextInPieces(t *testing.T) {
	for _, s := range []string{
		"", "a", "añ€😀z", "\x80", "a\x80", "\xc2", "\xc2\xc2", "\xe0\x9f\xbf", "\xe1\x80", "\xe1\x80a", "\xed\xa0\x80",
		"\xf0\x9f\x98", "\xf0\x9f\x98a", "\xf4\x90", "ok\xe2\x82", "ok\xe2\x82\xac", "\xe2\x82\xe2\x82\xac", "a\xffb", "\xf0\x9fok\xf0\x9f\x98\x80",
	} {
		for i := range len(s) + 1 {
			for j := i; j <= len(s); j++ {
				in := input{open: true, fin: true, op: frame.Text, msg: new([]byte), remaining: int64(len(s))}
				for _, piece := range []string{s[:i], s[i:j], s[j:]} {
					if !in.notText {
						*in.msg = append(*in.msg, piece...)
						in.collected(len(piece))
					}
				}
				if good := !in.notText; good != utf8.ValidString(s) {
					t.Errorf("%q cut at %d and %d: %v", s, i, j, good)
				}
			}
		}
	}
}

func TestOverReadLimit(t *testing.T) {
	for _, v := range []struct {
		limit, have, n int64
		open, deflated bool
		over           bool
	}{
		{limit: 100, n: 100}, {limit: 100, n: 101, over: true}, {limit: 0, n: 0}, {limit: 0, n: 1, over: true},
		{limit: 100, open: true, have: 60, n: 40}, {limit: 100, open: true, have: 60, n: 41, over: true},
		{limit: 100, open: true, have: 100, n: 0}, {limit: -1, n: maxMessage}, {limit: -1, n: math.MaxInt64, over: true}, {limit: -1, open: true, have: 1, n: maxMessage, over: true},
		{limit: math.MaxInt64, n: maxMessage}, {limit: math.MaxInt64, deflated: true, n: maxMessage},
		{limit: 100, deflated: true, n: 1000}, {limit: 100, deflated: true, n: 2000, over: true},
		{limit: 1 << 20, deflated: true, n: 1<<20 + 1<<17 + 1024}, {limit: 1 << 20, deflated: true, n: 1<<20 + 1<<17 + 1025, over: true},
		{limit: 100, open: true, deflated: true, have: 1000, n: 1000, over: true},
	} {
		in := input{limit: v.limit, open: v.open, deflated: v.open && v.deflated}
		if v.open {
			m := make([]byte, v.have)
			in.msg = &m
		}
		if got := in.tooLong(frame.Header{Len: v.n, RSV1: !v.open && v.deflated}); got != v.over {
			t.Errorf("%+v: %v", v, got)
		}
	}
}

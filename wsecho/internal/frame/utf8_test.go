package frame

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

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

package header

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestHasToken(t *testing.T) {
	for _, c := range []struct {
		lines []string
		want  bool
	}{
		{nil, false},
		{[]string{""}, false},
		{[]string{"Upgrade"}, true},
		{[]string{"keep-alive, UPGRADE"}, true},
		{[]string{"keep-alive", "upgrade"}, true},
		{[]string{" ,,\tupgrade\t,"}, true},
		{[]string{"foo/1, not a token, upgrade"}, true},
		{[]string{"upgrades"}, false},
		{[]string{"an upgrade"}, false},
		{[]string{"upgrade/1"}, false},
		{[]string{"\u00a0upgrade"}, false},
		{[]string{"up\u2010grade"}, false},
		{[]string{`"a, upgrade, b"`}, false},
		{[]string{`"upgrade"`}, false},
	} {
		if got := HasToken(c.lines, "upgrade"); got != c.want {
			t.Errorf("%q: %t", c.lines, got)
		}
	}
	if HasToken([]string{"web\u017focket"}, "websocket") || HasToken([]string{"web\u017focket"}, "web\u017focke") {
		t.Error("the long s is taken for an s")
	}
}

func TestTokens(t *testing.T) {
	for _, c := range []struct {
		lines []string
		want  string // what is yielded; "!" before what is no token
	}{
		{nil, ""},
		{[]string{"", " ,\t, "}, ""},
		{[]string{"a"}, "a"},
		{[]string{" a ,b", "c,,\td\t"}, "a b c d"},
		{[]string{"a, a"}, "a a"},
		{[]string{"!#$%&'*+-.^_`|~09azAZ"}, "!#$%&'*+-.^_`|~09azAZ"},
		{[]string{"a, b c, d", "e"}, "a !b c"},
		{[]string{`a, "b"`}, `a !"b"`},
		{[]string{`a, "b, c`}, `a !"b, c`},
		{[]string{"a/b"}, "!a/b"},
		{[]string{"a;b"}, "!a;b"},
		{[]string{"caf\u00e9"}, "!caf\u00e9"},
		{[]string{"\u00a0a"}, "!\u00a0a"},
		{[]string{"a\x7f"}, "!a\x7f"},
	} {
		var got []string
		for token, ok := range Tokens(c.lines) {
			if !ok {
				token = "!" + token
			}
			got = append(got, token)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%q: %q, want %q", c.lines, got, c.want)
		}
	}
	for token := range Tokens([]string{"a, b"}) {
		if token != "a" {
			t.Errorf("%q after the loop was left", token)
		}
		break
	}
}

// spell is an extension in one spelling: no space, values in angle brackets.
func spell(x Extension) string {
	s := x.Name
	for p := range x.Params() {
		if s += ";" + p.Name; p.Valued {
			s += "=<" + p.Value + ">"
		}
	}
	return s
}

func TestExtensions(t *testing.T) {
	for _, c := range []struct {
		lines []string
		want  string // the spelling of each; "!" where one is malformed
	}{
		{nil, ""},
		{[]string{"", ", ,"}, ""},
		{[]string{"a"}, "a"},
		{[]string{"a;b;c=1, d", "e ; f = 2"}, "a;b;c=<1> d e;f=<2>"},
		{[]string{"a\t;\tb\t=\t1\t,"}, "a;b=<1>"},
		{[]string{"a;b;b=1;b"}, "a;b;b=<1>;b"},
		{[]string{`a; b="1"; c="\2\3", d`}, "a;b=<1>;c=<23> d"},
		{[]string{`a; b = "x" ; c`}, "a;b=<x>;c"},

		{[]string{`x; y="a, permessage-deflate, b"`}, "!"}, // what is quoted must be a token too
		{[]string{`x; y="a, permessage-deflate, b`}, "!"},
		{[]string{`x; y="a\", permessage-deflate, b"`}, "!"},
		{[]string{`a, b;c="`, "d"}, "a !"},
		{[]string{`a;b="1\`}, "!"},
		{[]string{`a;b="1\"`}, "!"},
		{[]string{`a;b="1`, `2"`}, "!"}, // no element spans two lines
		{[]string{`a;b=""`}, "!"},
		{[]string{`a;b="1"2`}, "!"},
		{[]string{`a;b=1"2"`}, "!"},
		{[]string{`a;b="1 2"`}, "!"},
		{[]string{"a;"}, "!"},
		{[]string{"a; ;b"}, "!"},
		{[]string{"a;;b"}, "!"},
		{[]string{"a;b="}, "!"},
		{[]string{"a;=1"}, "!"},
		{[]string{"a;b==1"}, "!"},
		{[]string{"a;b=1 c"}, "!"},
		{[]string{"a b c=;;"}, "!"},
		{[]string{"a=1"}, "!"},
		{[]string{";a"}, "!"},
		{[]string{`"a"`}, "!"},
		{[]string{"a/1"}, "!"},
		{[]string{"a;b=caf\u00e9"}, "!"},
	} {
		var got []string
		for x := range Extensions(c.lines) {
			got = append(got, spell(x))
		}
		valid := ValidExtensions(c.lines)
		if !valid {
			got = append(got, "!")
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%q: %q, want %q", c.lines, got, c.want)
		}
	}
	for x := range Extensions([]string{"a;b;c, d"}) {
		for p := range x.Params() {
			if p.Name != "b" {
				t.Errorf("%q after the loop was left", p.Name)
			}
			break
		}
		break
	}
}

// A list costs no memory, however many elements a client packs into its header.
func TestListsAllocateNothing(t *testing.T) {
	lines := []string{strings.Repeat("a;b;c=1,", 1000), strings.Repeat("a,", 1000)}
	for name, read := range map[string]func(){
		"HasToken": func() { HasToken(lines, "none") },
		"Tokens": func() {
			for range Tokens(lines[1:]) {
			}
		},
		"ValidExtensions": func() { ValidExtensions(lines) },
		"Extensions": func() {
			for x := range Extensions(lines) {
				for range x.Params() {
				}
			}
		},
	} {
		if got := testing.AllocsPerRun(10, read); got > 5 {
			t.Errorf("%s: %v allocations for thousands of elements", name, got)
		}
	}
}

func ExampleExtensions() {
	lines := []string{`permessage-deflate; client_max_window_bits="10", x-made-up`}
	for x := range Extensions(lines) {
		fmt.Println(x.Name, slices.Collect(x.Params()))
	}
	// Output:
	// permessage-deflate [{client_max_window_bits 10 true}]
	// x-made-up []
}

package header

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The grammar of RFC 6455 section 9.1 as a regular expression, with RFC 2616's space between any two parts
// and RFC 9110's empty elements.
const (
	space   = "[ \t]*"
	tchar   = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]"
	quoted  = `"(?:` + tchar + `|\\` + tchar + `)+"`
	param   = ";" + space + tchar + "+" + space + "(?:=" + space + "(?:" + tchar + "+|" + quoted + ")" + space + ")?"
	element = tchar + "+" + space + "(?:" + param + ")*"
)

// listOf matches a line that is a list of what the expression e matches, which takes in the space behind it.
func listOf(e string) *regexp.Regexp {
	return regexp.MustCompile("^" + space + "(?:" + e + ")?(?:," + space + "(?:" + e + ")?)*$")
}

// FuzzLists holds the parser against the grammar as regular expressions: the same lines are well formed, and
// what is yielded, written out again, is read as the same.
func FuzzLists(f *testing.F) {
	for _, seed := range []string{
		"", ",", "a", "a, b", "a,,b\n c", "websocket, foo/1", "a b", "a\x7f",
		"permessage-deflate; client_max_window_bits", `permessage-deflate; client_max_window_bits="10`, "permessage-deflate; ;",
		"a b c=;;", `x; y="a, permessage-deflate, b"`, `x; y="a\", b"`, "a ; b = 1\t;c\t=\t\"\\2\",d", "a;b=\"\"", "a;b=\"1\"2", "a;b=1\n\"2\"", "\\,", "\"\\",
		"chat.v1, bearer.abc", "caf\u00e9", "a\u00a0",
	} {
		f.Add(seed, "a")
	}
	tokenList, extensionList := listOf(tchar+"+"+space), listOf(element)
	all := func(list *regexp.Regexp, lines []string) bool {
		return !slices.ContainsFunc(lines, func(line string) bool { return !list.MatchString(line) })
	}
	f.Fuzz(func(t *testing.T, field, name string) {
		lines := strings.Split(field, "\n")

		tokens, wellFormed := []string{}, true
		for token, ok := range Tokens(lines) {
			wellFormed = wellFormed && ok
			tokens = append(tokens, token)
		}
		if want := all(tokenList, lines); wellFormed != want {
			t.Errorf("Tokens(%q) is well formed: %t, by the grammar %t", lines, wellFormed, want)
		}
		if wellFormed {
			again := []string{}
			for token := range Tokens([]string{strings.Join(tokens, ",")}) {
				again = append(again, token)
			}
			if !slices.Equal(tokens, again) {
				t.Errorf("Tokens(%q): %q, again %q", lines, tokens, again)
			}
			has := slices.ContainsFunc(tokens, func(s string) bool { return strings.EqualFold(s, name) && len(s) == len(name) })
			if got := HasToken(lines, name); got != has {
				t.Errorf("HasToken(%q, %q) is %t", lines, name, got)
			}
		}

		var spelled []string
		for x := range Extensions(lines) {
			spelled = append(spelled, spell(x))
		}
		wellFormed = ValidExtensions(lines)
		if want := all(extensionList, lines); wellFormed != want {
			t.Errorf("ValidExtensions(%q) is %t, by the grammar %t", lines, wellFormed, want)
		}
		var again []string
		for x := range Extensions([]string{strings.NewReplacer("<", `"`, ">", `"`).Replace(strings.Join(spelled, ","))}) {
			again = append(again, spell(x))
		}
		if !slices.Equal(spelled, again) {
			t.Errorf("Extensions(%q): %q, again %q", lines, spelled, again)
		}
	})
}

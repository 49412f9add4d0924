// Package header reads the comma-separated lists in the header of a handshake: Connection, Upgrade,
// Sec-WebSocket-Protocol and Sec-WebSocket-Extensions. Each function takes the field's lines as http.Header
// holds them; an element lies in one line. Empty elements are passed over (RFC 9110 section 5.6.1.2). What
// the functions yield refers to the lines; nothing grows with the number of elements, which the client chooses.
//
//	header.go     lists, and lists of tokens
//	extension.go  lists of extensions with their parameters
package header

import (
	"iter"
	"strings"
)

// HasToken reports whether token is an element of a list, in any case of its ASCII letters. Elements that
// are no tokens, such as the foo/1 of an Upgrade, are not in its way.
func HasToken(lines []string, token string) bool {
	for e := range elements(lines) {
		if len(e) == len(token) && strings.EqualFold(e, token) { // the Kelvin sign folds to k, but is longer
			return true
		}
	}
	return false
}

// Tokens yields the elements of a list of tokens (RFC 9110 section 5.6.2). ok is false for the first that is
// no token, which is the last to be yielded.
func Tokens(lines []string) iter.Seq2[string, bool] {
	return func(yield func(string, bool) bool) {
		for e := range elements(lines) {
			ok := tokenLen(e) == len(e)
			if !yield(e, ok) || !ok {
				return
			}
		}
	}
}

// elements yields what stands between the commas, without the space around it.
func elements(lines []string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, rest := range lines {
			for more := true; more; {
				var e string
				e, rest, more = cutElement(rest)
				if e = trimSpace(e); e != "" && !yield(e) {
					return
				}
			}
		}
	}
}

// cutElement cuts s at its first comma that is not within a quoted string (RFC 9110 section 5.6.4).
func cutElement(s string) (element, rest string, more bool) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			quoted = !quoted
		case c == '\\' && quoted:
			i++ // and the byte that it quotes
		case c == ',' && !quoted:
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}

// trimSpace takes away what is white space in HTTP (RFC 9110 section 5.6.3), which is less than in Unicode.
func trimSpace(s string) string { return strings.Trim(s, " \t") }

// tokenLen returns the length of the token that s begins with, 0 if there is none.
func tokenLen(s string) int {
	for i := range len(s) {
		if !isTokenByte(s[i]) {
			return i
		}
	}
	return len(s)
}

// isTokenByte reports whether c is a tchar of RFC 9110 section 5.6.2.
func isTokenByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

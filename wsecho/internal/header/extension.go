package header

import (
	"iter"
	"strings"
)

// Extension is one element of Sec-WebSocket-Extensions (RFC 6455 section 9.1), which is well formed.
type Extension struct {
	Name   string
	params string // the text behind Name: "" or "; a; b=1"
}

// Param is one parameter of an Extension.
type Param struct {
	Name   string
	Value  string // a token; where it was quoted, without the quotes
	Valued bool   // whether there was a value
}

// Extensions yields the elements of a list of extensions, up to the first that is malformed.
func Extensions(lines []string) iter.Seq[Extension] {
	return func(yield func(Extension) bool) {
		for e := range elements(lines) {
			x, ok := parseExtension(e)
			if !ok || !yield(x) {
				return
			}
		}
	}
}

// ValidExtensions reports whether no element of a list of extensions is malformed.
func ValidExtensions(lines []string) bool {
	for e := range elements(lines) {
		if _, ok := parseExtension(e); !ok {
			return false
		}
	}
	return true
}

// parseExtension reads one element of a list. ok is false if it is malformed.
func parseExtension(element string) (x Extension, ok bool) {
	n := tokenLen(element)
	x = Extension{Name: element[:n], params: trimSpace(element[n:])}
	if n == 0 {
		return x, false
	}
	for rest := x.params; rest != ""; {
		if _, rest, ok = cutParam(rest); !ok {
			return x, false
		}
	}
	return x, true
}

// Params yields the parameters of x in their order. A name may come more than once.
func (x Extension) Params() iter.Seq[Param] {
	return func(yield func(Param) bool) {
		for rest := x.params; rest != ""; {
			var p Param
			if p, rest, _ = cutParam(rest); !yield(p) {
				return
			}
		}
	}
}

// cutParam reads the parameter that s begins with, its semicolon first. ok is false if it is malformed.
// RFC 6455 section 9.1 takes its grammar from RFC 2616, where space may stand between any two parts.
func cutParam(s string) (p Param, rest string, ok bool) {
	if s, ok = strings.CutPrefix(s, ";"); !ok {
		return p, "", false
	}
	s = trimSpace(s)
	n := tokenLen(s)
	if p.Name, s = s[:n], trimSpace(s[n:]); n == 0 {
		return p, "", false
	}
	if s, p.Valued = strings.CutPrefix(s, "="); p.Valued {
		if p.Value, s = cutValue(trimSpace(s)); p.Value == "" {
			return p, "", false
		}
	}
	return p, trimSpace(s), true
}

// cutValue reads the token or the quoted string that s begins with; value is "" if it is malformed.
// What is quoted must be a token too (RFC 6455 section 9.1): neither a comma nor nothing.
func cutValue(s string) (value, rest string) {
	s, quoted := strings.CutPrefix(s, `"`)
	if !quoted {
		n := tokenLen(s)
		return s[:n], s[n:]
	}
	var b []byte
	for i := 0; i < len(s); i++ {
		if s[i] == '"' {
			return string(b), s[i+1:]
		}
		if s[i] == '\\' && i+1 < len(s) {
			i++ // a quoted-pair (RFC 9110 section 5.6.4) is the byte that it quotes
		}
		if !isTokenByte(s[i]) {
			break
		}
		b = append(b, s[i])
	}
	return "", ""
}

package wsjson

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// reasonMax is the longest reason that a close frame holds (RFC 6455 section 5.5).
const reasonMax = 123 // bytes

// reason says what was wrong with a message, for its sender. It contains nothing of the message, and not the text of
// err, which may: an UnmarshalJSON of the service's own can put anything there.
func reason(err error) string {
	var syntax *json.SyntaxError
	var value *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Sprintf("JSON: syntax error at offset %d", syntax.Offset)
	case errors.As(err, &value) && value.Field != "":
		return withField("JSON: wrong value in field ", value.Field)
	case errors.As(err, &value): // an array, say, where an object belongs
		return fmt.Sprintf("JSON: wrong value at offset %d", value.Offset)
	}
	return "JSON: wrong value"
}

// withField returns what with the path of a field behind it. Of a long path the end says the most.
func withField(what, path string) string {
	if n := len(what) + len(path) - reasonMax; n > 0 {
		path = "…" + strings.ToValidUTF8(path[n+len("…"):], "")
	}
	return what + path
}

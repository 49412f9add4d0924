package middleware

import (
	"strings"
	"testing"
)

// TestRawHeadFailsOnce: what comes after an error is neither kept nor made sense of.
func TestRawHeadFailsOnce(t *testing.T) {
	for name, first := range map[string]string{
		"too long": strings.Repeat("x", maxRawHead+1),
		"no HTTP":  "\x81\x00\r\n\r\n",
	} {
		h := &rawHead{}
		_, _, want := h.take([]byte(first))
		seen := len(h.seen)
		for range 3 {
			if rest, complete, err := h.take([]byte("HTTP/1.1 101 S\r\n\r\n")); err != want || complete || rest != nil {
				t.Errorf("%s: then %q, %v, %v; want %v again", name, rest, complete, err, want)
			}
		}
		if want == nil || len(h.seen) != seen {
			t.Errorf("%s: fails with %v, and keeps %d bytes after %d", name, want, len(h.seen), seen)
		}
	}
}

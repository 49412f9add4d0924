package middleware

import (
	"bytes"
	"testing"
)

// TestCloseScanner: a close frame is found where it ends, in whatever pieces it comes, and not in a payload.
func TestCloseScanner(t *testing.T) {
	masked := func(first byte, length []byte, payload string) []byte {
		return append(append(append([]byte{first, 0x80 | length[0]}, length[1:]...), 0, 0, 0, 0), payload...)
	}
	bye := masked(0x88, []byte{2}, "\x03\xe8")
	fake := string(bytes.Repeat(bye, 20))
	for name, before := range map[string][]byte{
		"alone":            nil,
		"after an empty":   masked(0x82, []byte{0}, ""),
		"after a short":    masked(0x02, []byte{125}, fake[:125]),
		"after 16 bits":    masked(0x82, []byte{126, 0, 160}, fake),
		"after 64 bits":    masked(0x80, []byte{127, 0, 0, 0, 0, 0, 0, 0, 160}, fake),
		"after a ping":     masked(0x89, []byte{8}, fake[:8]),
		"after no masking": append([]byte{0x82, 8}, fake[:8]...),
	} {
		for _, close := range [][]byte{bye, masked(0x88, []byte{0}, ""), {0x88, 0}} {
			b := bytes.Join([][]byte{before, close}, nil)
			for _, size := range []int{1, 3, len(b)} {
				var c closeScanner
				for at := 0; at < len(b); at += size {
					end := min(at+size, len(b))
					if got := c.scan(b[at:end]); got != (end == len(b)) {
						t.Errorf("%s, by %d: %v after %d of %d bytes", name, size, got, end, len(b))
					}
				}
				if !c.scan([]byte("what follows")) {
					t.Errorf("%s: forgotten", name)
				}
			}
		}
	}
}

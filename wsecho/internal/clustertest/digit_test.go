package clustertest

import (
	"strings"
	"testing"
)

// A client that says another place than it was given, by one digit, is told to read the state anew, or, if it says one
// that it had before, gets what came since: never a part of it, and nothing from another topic.
func TestFlippedDigit(t *testing.T) {
	s := startService(t, startServer(t).ClientURL())
	first := s.join("ann", "")
	first.next()
	s.publish("bob", 1, 50)
	first.expect("bob", 1, 30)
	at := first.at
	first.expect("bob", 31, 50)

	var readers []*reader
	for i := range at {
		for _, digit := range "0z1" {
			flipped := at[:i] + string(digit) + at[i+1:]
			if flipped == at || strings.HasSuffix(flipped, "-") || at[i] == '-' && digit != 'z' {
				continue
			}
			r := s.join("ann", flipped)
			readers = append(readers, r)
		}
	}
	if len(readers) < len(at) {
		t.Fatalf("%d places were tried", len(readers))
	}
	for _, r := range readers {
		r.expectReset()
	}
	s.publish("bob", 51, 52)
	for _, r := range readers {
		r.expect("bob", 51, 52)
	}
	whole := s.join("ann", at)
	whole.expect("bob", 31, 52)
}

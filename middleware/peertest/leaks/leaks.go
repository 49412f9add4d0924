// Package leaks fails a run of tests that leaves a goroutine behind.
package leaks

import (
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// Main runs the tests, gives what they left up to patience to end, and exits. goleak itself waits for
// half a second only.
func Main(m *testing.M, patience time.Duration) {
	code := m.Run()
	left := goleak.Find()
	for deadline := time.Now().Add(patience); left != nil && time.Now().Before(deadline); {
		left = goleak.Find()
	}
	if left != nil {
		fmt.Fprintln(os.Stderr, left)
		code = 1
	}
	os.Exit(code)
}

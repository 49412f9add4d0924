package http2test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	_ "example.com/wsecho/middleware/xconnect"
)

// TestMain fails the run if a goroutine is left when all tests are done. goleak itself waits for half
// a second only.
func TestMain(m *testing.M) {
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

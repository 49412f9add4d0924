package http2test

import (
	"testing"

	"go.uber.org/goleak"

	_ "example.com/wsecho/middleware/xconnect"
)

// TestMain fails the run if a goroutine is left when all tests are done.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

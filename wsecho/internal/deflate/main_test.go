package deflate

import (
	"testing"

	"example.com/wsecho/internal/leaktest"
)

// TestMain proves that nothing leaks.
func TestMain(m *testing.M) { leaktest.Main(m) }

package socket

import (
	"testing"

	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// TestMain proves that nothing leaks.
func TestMain(m *testing.M) { leaktest.Main(m) }

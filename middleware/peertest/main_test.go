package peertest

import (
	"testing"

	"example.com/wsecho/middleware/peertest/leaks"
	_ "example.com/wsecho/middleware/xconnect"
)

func TestMain(m *testing.M) { leaks.Main(m, patience) }

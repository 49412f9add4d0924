package peertest

import (
	"net/http"
	"testing"

	"example.com/wsecho/internal/leaktest"
	_ "example.com/wsecho/middleware/xconnect"
)

// TestMain fails the run if anything is left when all tests are done.
func TestMain(m *testing.M) { leaktest.Main(m, http.DefaultClient.CloseIdleConnections) }

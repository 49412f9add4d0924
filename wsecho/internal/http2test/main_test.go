package http2test

import (
	"net/http"
	"testing"

	_ "example.com/wsecho/middleware/xconnect"
	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// TestMain fails the run if anything is left when all tests are done.
func TestMain(m *testing.M) { leaktest.Main(m, http.DefaultClient.CloseIdleConnections) }

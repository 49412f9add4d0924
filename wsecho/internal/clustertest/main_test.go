package clustertest

import (
	"flag"
	"io"
	"log/slog"
	"os"
	"testing"

	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

var (
	rounds = flag.Int("rounds", 1, "how often each fault happens")
)

// roleVariable says which process of a cluster this binary is to be; it is the tests if it is unset.
const roleVariable = "CLUSTERTEST_ROLE"

// TestMain runs the tests, or one process of their clusters.
func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "nats":
		runNATS(os.Args[1:])
	case "node":
		runNode(os.Args[1:])
	default:
		slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
		leaktest.Main(m)
	}
}

package clustertest

import (
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"testing"
	"time"
)

var (
	long   = flag.Bool("long", false, "run the whole table of faults, with 300 clients")
	rounds = flag.Int("rounds", 1, "with -long, how often")
)

// roleVariable says which process of a cluster this binary is to be; it is the tests if it is unset.
const roleVariable = "CLUSTERTEST_ROLE"

// TestMain runs the tests, or one process of their clusters. It proves that nothing leaks: once all tests have run there
// are as many goroutines as before the first.
func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "nats":
		runNATS(os.Args[1:])
		return
	case "node":
		runNode(os.Args[1:])
		return
	}
	flag.Parse()
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	before := runtime.NumGoroutine()
	code := m.Run()
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; time.Sleep(10 * time.Millisecond) {
		if time.Now().Before(end) {
			continue
		}
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		fmt.Fprintf(os.Stderr, "leak: %d goroutines, %d before the tests\n%s\n", runtime.NumGoroutine(), before, stacks)
		code = 1
		break
	}
	os.Exit(code)
}

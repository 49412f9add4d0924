package hub_test

import (
	"flag"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"testing"
	"time"
)

// TestMain proves that nothing leaks: once all tests have run there are as many goroutines as before the first.
// What a Hub or a Handler without a Logger logs is dropped.
func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	before := runtime.NumGoroutine()
	code := m.Run()
	if f := flag.Lookup("test.fuzz"); f.Value.String() != "" {
		os.Exit(code) // the fuzzer's own goroutines outlive it
	}
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; time.Sleep(10 * time.Millisecond) {
		if time.Now().Before(end) {
			continue
		}
		stacks := make([]byte, 1<<20)
		fmt.Fprintf(os.Stderr, "leak: more goroutines than before the tests\n%s\n", stacks[:runtime.Stack(stacks, true)])
		code = 1
		break
	}
	os.Exit(code)
}

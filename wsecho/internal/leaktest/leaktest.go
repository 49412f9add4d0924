// Package leaktest fails a run of tests that leaves goroutines behind.
package leaktest

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"
)

// Main is a TestMain. It runs the tests, gives what they have left 10 s to end, and exits: with success only
// if there are no more goroutines than before the first test. The fuzzer's own outlive it, and are not counted.
func Main(m *testing.M) {
	before := runtime.NumGoroutine()
	code := m.Run()
	if f := flag.Lookup("test.fuzz"); f.Value.String() != "" {
		os.Exit(code)
	}
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

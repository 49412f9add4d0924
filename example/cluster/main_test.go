package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"
)

// asProgram makes the test binary be the program.
const asProgram = "CLUSTER_AS_PROGRAM"

// TestMain runs the tests, or the program. Once all tests have run there are as many goroutines as before the first.
func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	flag.Parse()
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

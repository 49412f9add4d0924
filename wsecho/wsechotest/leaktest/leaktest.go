// Package leaktest is the TestMain of this repository's packages: tests that wait run beside each other, and
// a run that leaves goroutines, sockets or pipes behind fails.
package leaktest

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// patience is how long what the tests have left gets to end.
const patience = 20 * time.Second

// parallel is how many tests run at once, where the caller of go test has not said how many: nearly all of
// them wait for a clock or for a peer, and few for a processor.
const parallel = "32"

// Main is a TestMain. It runs the tests, then each of closers, which end what the tests have shared, and exits:
// with success only if there are no more goroutines, sockets and pipes than before the first test. The
// fuzzer's own outlive it, and are not counted.
func Main(m *testing.M, closers ...func()) {
	flag.Parse()
	fuzzing := flag.Lookup("test.fuzz").Value.String() != ""
	if !fuzzing && !given("test.parallel") { // to the fuzzer it says how many processes to start
		flag.Set("test.parallel", parallel)
	}
	before := count()
	code := m.Run()
	for _, f := range closers {
		f()
	}
	if fuzzing {
		os.Exit(code)
	}
	for end := time.Now().Add(patience); count().exceeds(before); time.Sleep(10 * time.Millisecond) {
		if time.Now().Before(end) {
			continue
		}
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		fmt.Fprintf(os.Stderr, "leak: %+v, before the tests %+v\n%s\n", count(), before, stacks)
		code = 1
		break
	}
	os.Exit(code)
}

// given says whether the flag was set on the command line.
func given(name string) (is bool) {
	flag.Visit(func(f *flag.Flag) { is = is || f.Name == name })
	return is
}

// held is what a process can leak.
type held struct {
	goroutines  int
	descriptors int // of sockets and pipes; 0 where there is no /proc
}

func count() held { return held{runtime.NumGoroutine(), len(Descriptors(os.Getpid()))} }

func (h held) exceeds(before held) bool {
	return h.goroutines > before.goroutines || h.descriptors > before.descriptors
}

// Descriptors returns the sockets and pipes that a process has open; none where there is no /proc.
func Descriptors(pid int) (open []string) {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		to, _ := os.Readlink(filepath.Join(dir, e.Name())) // one that is gone meanwhile is not open
		if strings.HasPrefix(to, "socket:") || strings.HasPrefix(to, "pipe:") {
			open = append(open, to)
		}
	}
	return open
}

var long = flag.Bool("long", false, "run tests with all that they can: minutes, not seconds")

// Long says whether tests are to do all that they can.
func Long() bool { return *long }

// Volume is how much of something a test does: short with -short, full with -long, else usual.
func Volume(short, usual, full int) int {
	switch {
	case *long:
		return full
	case testing.Short():
		return short
	}
	return usual
}

// Slow skips, with -short, a test that waits for seconds of a real clock.
func Slow(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("it waits for a real clock")
	}
}

// Beside lets a test that works more than it waits run beside the others, as t.Parallel does; with -long it runs
// alone, since what waits for a peer beside so much work could take it for a dead one.
func Beside(t *testing.T) {
	t.Helper()
	if !*long {
		t.Parallel()
	}
}

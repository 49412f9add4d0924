package child

import (
	"flag"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// alone is set, to the name of its test, in the environment of a process that Alone has started.
const alone = "WSECHO_TEST_ALONE"

// Alone is for tests that count what the whole process holds: goroutines, descriptors, memory, allocations; and
// for those that must be scheduled as promptly as a process is. It must be a test's first line:
//
//	if !child.Alone(t) {
//		return
//	}
//
// It runs the test, by name, in a process of its own beside all others, and returns true there and false here,
// where the test then is done: it has failed if it failed there. It takes the command line with it.
func Alone(t *testing.T) bool {
	t.Helper()
	if os.Getenv(alone) == t.Name() {
		return true
	}
	if strings.Contains(t.Name(), "/") {
		t.Fatal("not a subtest: it is found by its name")
	}
	t.Parallel()
	args := []string{"-test.run=^" + t.Name() + "$"}
	flag.Visit(func(f *flag.Flag) {
		if name, of := strings.CutPrefix(f.Name, "test."); !of || name == "short" || name == "v" {
			args = append(args, "-"+f.Name+"="+f.Value.String())
		}
	})
	if end, ok := t.Deadline(); ok {
		args = append(args, "-test.timeout="+time.Until(end).String())
	}
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), alone+"="+t.Name())
	p := Start(t, cmd)
	<-p.Done // it has a timeout of its own
	if p.Err != nil {
		t.Errorf("in a process of its own: %v", p.Err)
	}
	if out := p.Output(); !t.Failed() && testing.Verbose() {
		t.Log(out)
	}
	return false
}

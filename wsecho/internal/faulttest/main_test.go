package faulttest

import (
	"fmt"
	"net/http"
	"os"
	"runtime"
	"testing"
	"time"
)

// roles are what this program does, instead of testing, as a child of its own tests.
var roles = map[string]func(args []string){
	"phone":  phone,
	"server": starvedServer,
}

const roleVariable = "FAULTTEST_ROLE"

var scratch string // a directory for what the tests build

// TestMain proves that nothing leaks: once all tests have run there are as many goroutines and open
// descriptors as before the first.
func TestMain(m *testing.M) {
	if role := roles[os.Getenv(roleVariable)]; role != nil {
		role(os.Args[1:])
		return
	}
	var err error
	if scratch, err = os.MkdirTemp("", "faulttest-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goroutines, fds := runtime.NumGoroutine(), len(descriptors(os.Getpid()))
	code := m.Run()
	toxiproxy.stop()
	os.RemoveAll(scratch)
	http.DefaultClient.CloseIdleConnections() // toxiproxy's client uses it
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		g, open := runtime.NumGoroutine(), descriptors(os.Getpid())
		if g <= goroutines && len(open) <= fds {
			break
		}
		if time.Now().After(end) {
			stacks := make([]byte, 1<<20)
			stacks = stacks[:runtime.Stack(stacks, true)]
			fmt.Fprintf(os.Stderr, "leak: %d goroutines, %d before; %d descriptors, %d before: %v\n%s\n",
				g, goroutines, len(open), fds, open, stacks)
			code = 1
			break
		}
	}
	os.Exit(code)
}

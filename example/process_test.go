package main

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"example.com/wsecho/wsecho/wsechotest/child"
	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// TestMain is also the service itself, for the tests that start it as a process; and it
// fails the run if anything is left when all tests are done.
func TestMain(m *testing.M) {
	if os.Getenv("EXAMPLE_TEST_SERVICE") != "" {
		main()
		return
	}
	leaktest.Main(m, http.DefaultClient.CloseIdleConnections)
}

// process is the service as its users run it.
type process struct {
	*child.Process
	url string
}

// command starts the service with args.
func command(t *testing.T, args ...string) *child.Process {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), "EXAMPLE_TEST_SERVICE=1")
	return child.Start(t, cmd)
}

// start runs the service with args on a free port, until it prints its URL.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	p := command(t, append([]string{"-addr", "127.0.0.1:0"}, args...)...)
	return &process{p, "http" + p.Says(t, "http", 1)}
}

func TestTakenPort(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	p := command(t, "-addr", ln.Addr().String())
	if code := p.Ends(t); code != 1 {
		t.Errorf("exit %d, want 1", code)
	}
	said := p.Output()
	if !strings.Contains(said, ln.Addr().String()) || !strings.Contains(said, "address already in use") || strings.Count(said, "\n") != 1 {
		t.Errorf("it said %q", said)
	}
}

func TestUnexpectedArgument(t *testing.T) {
	p := command(t, "8080")
	if code := p.Ends(t); code != 2 {
		t.Errorf("exit %d, want 2", code)
	}
	if said := p.Output(); !strings.Contains(said, `unexpected argument "8080"`) {
		t.Errorf("it said %q", said)
	}
}

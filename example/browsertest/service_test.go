package browsertest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"example.com/wsecho/wsecho/wsechotest/child"
)

// build returns the path of the service's program, built from the module above.
var build = sync.OnceValues(func() (string, error) {
	path := filepath.Join(scratch, "service")
	cmd := exec.Command("go", "build", "-o", path, "./example")
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// service is one process of the example.
type service struct {
	t *testing.T
	*child.Process
	url string // such as http://127.0.0.1:12345
}

// start runs the service with args on a free port, and ends it with the test.
func start(t *testing.T, args ...string) *service {
	t.Helper()
	return startAt(t, "127.0.0.1:0", args...)
}

func startAt(t *testing.T, addr string, args ...string) *service {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	p := child.Start(t, exec.Command(path, append([]string{"-addr", addr}, args...)...))
	return &service{t, p, "http" + p.Says(t, "http", 1)}
}

// again starts the service anew at the address it had.
func (s *service) again(args ...string) *service {
	s.t.Helper()
	_, addr, _ := strings.Cut(s.url, "://")
	return startAt(s.t, addr, args...)
}

// stop ends the service as a deploy does, and checks that it drained.
func (s *service) stop() {
	s.t.Helper()
	s.Cmd.Process.Signal(syscall.SIGTERM)
	if s.Ends(s.t); s.Err != nil {
		s.t.Errorf("stopping the service: %v", s.Err)
	}
}

// scratch holds what the tests build, and shots their screenshots.
var scratch, shots string

func TestMain(m *testing.M) {
	var err error
	if scratch, err = os.MkdirTemp("", "browsertest-"); err == nil {
		shots, err = os.MkdirTemp("", "wsecho-screenshots-")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	closeChromium()
	closeFirefox()
	closeWebKit()
	os.RemoveAll(scratch)
	fmt.Println("screenshots:", shots)
	os.Exit(code)
}

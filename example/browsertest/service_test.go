package browsertest

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a test waits for anything before it gives up.
const patience = 30 * time.Second

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

// A service is one process of the example.
type service struct {
	t    *testing.T
	cmd  *exec.Cmd
	url  string // such as http://127.0.0.1:12345
	done chan struct{}
	err  error // of Wait, once done is closed

	mu  sync.Mutex
	out bytes.Buffer
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
	s := &service{t: t, done: make(chan struct{})}
	s.cmd = exec.Command(path, append([]string{"-addr", addr}, args...)...)
	s.cmd.Stderr = s
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stdout)
	line, _ := lines.ReadString('\n')
	s.url = strings.TrimSpace(line)
	go func() {
		lines.WriteTo(s)
		s.err = s.cmd.Wait()
		close(s.done)
	}()
	t.Cleanup(func() {
		s.cmd.Process.Kill()
		<-s.done
		if t.Failed() {
			t.Logf("the service said:\n%s", s.output())
		}
	})
	if !strings.HasPrefix(s.url, "http") {
		t.Fatalf("the service printed %q, not its URL", line)
	}
	return s
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
	s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.done:
	case <-time.After(patience):
		s.t.Fatal("the service does not stop")
	}
	if s.err != nil {
		s.t.Errorf("stopping the service: %v", s.err)
	}
}

// kill ends the service as a crash does.
func (s *service) kill() {
	s.cmd.Process.Kill()
	<-s.done
}

func (s *service) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out.Write(p)
}

func (s *service) output() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out.String()
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

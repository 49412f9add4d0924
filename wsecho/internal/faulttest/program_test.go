package faulttest

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long anything may take before a test gives up on it.
const patience = 30 * time.Second

// eventually waits until ok is true.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("in vain: %s", what)
		}
	}
}

// program is a child process. What it prints, on either stream, is kept.
type program struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	done chan struct{}
	err  error // of Wait, once done is closed

	mu  sync.Mutex
	out bytes.Buffer
}

func (p *program) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.Write(b)
}

func (p *program) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}

func run(cmd *exec.Cmd) (*program, error) {
	p := &program{cmd: cmd, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p, p
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setpgid:   true,            // one group, to be killed as one
		Pdeathsig: syscall.SIGTERM, // should this process die first
	}
	var err error
	if p.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// stop ends the program and the processes that it has started. One that has children of its own, as
// nginx, gets the time to end them.
func (p *program) stop() {
	group := -p.cmd.Process.Pid
	syscall.Kill(group, syscall.SIGTERM)
	syscall.Kill(group, syscall.SIGCONT) // it may be stopped
	select {
	case <-p.done:
	case <-time.After(2 * time.Second):
		syscall.Kill(group, syscall.SIGKILL)
		<-p.done
	}
}

// start runs cmd until the test ends.
func start(t *testing.T, cmd *exec.Cmd) *program {
	t.Helper()
	p, err := run(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.stop()
		if out := p.output(); t.Failed() {
			t.Logf("%s said in the end:\n%s", filepath.Base(cmd.Path), out[max(0, len(out)-4000):])
		}
	})
	return p
}

// startSelf runs this test program in one of its roles.
func startSelf(t *testing.T, role string, args ...string) *program {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	return start(t, cmd)
}

// says waits for a line of output that begins with prefix, and returns the rest of the nth such.
func (p *program) says(t *testing.T, prefix string, nth int) (rest string) {
	t.Helper()
	eventually(t, fmt.Sprintf("line %d of %q", nth, prefix), func() bool {
		n := 0
		for line := range strings.Lines(p.output()) {
			if after, ok := strings.CutPrefix(line, prefix); ok && strings.HasSuffix(line, "\n") {
				if n++; n == nth {
					rest = strings.TrimSpace(after)
					return true
				}
			}
		}
		return false
	})
	return rest
}

// installed is the path of a program that Debian has.
func installed(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if path, err = exec.LookPath("/usr/sbin/" + name); err != nil {
			t.Fatalf("%s is missing: apt-get install %s", name, name)
		}
	}
	return path
}

// built is the path of a program that is built from source in dir.
func built(dir, pkg string) (string, error) {
	path := filepath.Join(scratch, filepath.Base(pkg))
	cmd := exec.Command("go", "build", "-o", path, pkg)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build %s: %w\n%s", pkg, err, out)
	}
	return path, nil
}

// reserve is an address for a program to listen at. Until the test ends nobody gets it by chance: a
// socket is bound to it, which a server, as it sets SO_REUSEADDR, does not mind.
func reserve(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	addr, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint("127.0.0.1:", addr.(*syscall.SockaddrInet4).Port)
}

// listening waits until p accepts connections at addr.
func (p *program) listening(t *testing.T, addr string) {
	t.Helper()
	eventually(t, "connecting to "+addr, func() bool {
		select {
		case <-p.done:
			t.Fatalf("it ended: %v\n%s", p.err, p.output())
		default:
		}
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}

// descriptors are the sockets and pipes of a process.
func descriptors(pid int) []string {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(dir)
	if err != nil {
		panic(err)
	}
	var open []string
	for _, e := range entries {
		to, _ := os.Readlink(filepath.Join(dir, e.Name())) // one that is gone meanwhile is not open
		if strings.HasPrefix(to, "socket:") || strings.HasPrefix(to, "pipe:") {
			open = append(open, to)
		}
	}
	return open
}

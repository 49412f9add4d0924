package clustertest

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"example.com/wsecho/wsecho/wsechotest/await"
)

// A process is this binary in another role. It can be killed, stopped and started again.
type process struct {
	t    testing.TB
	role string
	name string
	args []string
	port int    // it listens there once it is up
	logs string // the file of its output

	mu   sync.Mutex // guards cmd, which the cleanup reads too
	cmd  *exec.Cmd
	gone chan struct{} // closed when cmd has ended
}

// start runs the process, and waits until it listens.
func (p *process) start() {
	p.t.Helper()
	p.launch()
	p.listening()
}

func (p *process) launch() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	logs, err := os.OpenFile(p.logs, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		p.t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], p.args...)
	cmd.Env = append(os.Environ(), roleVariable+"="+p.role)
	cmd.Stdout, cmd.Stderr = logs, logs
	cmd.SysProcAttr = notOrphaned()
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	gone := make(chan struct{})
	p.cmd, p.gone = cmd, gone
	go func() {
		defer close(gone)
		defer logs.Close()
		cmd.Wait()
	}()
}

// listening waits until the process takes connections.
func (p *process) listening() {
	p.t.Helper()
	for end := time.Now().Add(await.Patience); ; time.Sleep(20 * time.Millisecond) {
		c, err := net.DialTimeout("tcp", loopback(p.port), time.Second)
		if err == nil {
			c.Close()
			return
		}
		if time.Now().After(end) {
			p.t.Fatalf("%s does not listen: %v\n%s", p.name, err, p.output())
		}
	}
}

func (p *process) signal(s syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cmd.Process.Signal(s)
}

// kill is kill -9.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	<-p.gone
}

// stop is SIGTERM, and waits for the end.
func (p *process) stop() {
	p.t.Helper()
	p.signal(syscall.SIGTERM)
	select {
	case <-p.gone:
	case <-time.After(await.Patience):
		p.signal(syscall.SIGQUIT) // for its stacks
		<-p.gone
		p.t.Errorf("%s does not end\n%s", p.name, p.output())
	}
}

// output returns the end of what the process has printed.
func (p *process) output() string {
	b, _ := os.ReadFile(p.logs)
	return string(b[max(0, len(b)-20_000):])
}

// newProcess describes a process that listens on port, and ends it with the test.
func newProcess(t testing.TB, dir, role, name string, port int, args ...string) *process {
	p := &process{t: t, role: role, name: name, port: port, args: args, logs: filepath.Join(dir, name+".log")}
	t.Cleanup(func() {
		p.mu.Lock()
		running := p.cmd != nil
		p.mu.Unlock()
		if running {
			p.signal(syscall.SIGCONT)
			p.kill()
		}
		if t.Failed() {
			t.Logf("%s:\n%s", name, p.output())
		}
	})
	return p
}

// freePorts returns ports of the loopback to listen on. Until the test ends nobody gets one by chance, also while who
// listens there is down: a socket is bound to it, which a server, as it sets SO_REUSEADDR, does not mind.
func freePorts(t testing.TB, n int) []int {
	t.Helper()
	var ports []int
	for range n {
		fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
		if err != nil {
			t.Fatal(err)
		}
		syscall.CloseOnExec(fd)
		t.Cleanup(func() { syscall.Close(fd) })
		syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
		if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
			t.Fatal(err)
		}
		addr, err := syscall.Getsockname(fd)
		if err != nil {
			t.Fatal(err)
		}
		ports = append(ports, addr.(*syscall.SockaddrInet4).Port)
	}
	return ports
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// Package child runs the processes that tests start.
package child

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"example.com/wsecho/wsecho/wsechotest/await"
)

// Process is a child whose output, on either stream, is kept.
type Process struct {
	Cmd  *exec.Cmd
	Done chan struct{} // closed when it has ended
	Err  error         // of Wait, once Done is closed

	mu  sync.Mutex
	out bytes.Buffer
}

// Start runs cmd until the test ends, when all that it has started is killed with it. A test that fails shows
// the end of what it said.
func Start(t testing.TB, cmd *exec.Cmd) *Process {
	t.Helper()
	p, err := Run(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Kill()
		if out := p.Output(); t.Failed() {
			t.Logf("%s said in the end:\n%s", filepath.Base(cmd.Path), out[max(0, len(out)-4000):])
		}
	})
	return p
}

// Run starts cmd, and leaves it to the caller to end it.
func Run(cmd *exec.Cmd) (*Process, error) {
	p := &Process{Cmd: cmd, Done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p, p
	grouped(cmd)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.Err = cmd.Wait()
		close(p.Done)
	}()
	return p, nil
}

// Kill ends it, with all that it has started, and returns once it has ended.
func (p *Process) Kill() {
	killGroup(p.Cmd)
	<-p.Done
}

// Write is how it says something.
func (p *Process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.Write(b)
}

// Output returns all that it has said.
func (p *Process) Output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}

// Says waits for the nth line of output, counted from 1, that begins with prefix, and returns the rest of it.
func (p *Process) Says(t testing.TB, prefix string, nth int) (rest string) {
	t.Helper()
	await.Poll(t, fmt.Sprintf("line %d of %q", nth, prefix), func() bool {
		ended := false
		select {
		case <-p.Done:
			ended = true // and has said all
		default:
		}
		n := 0
		for line := range strings.Lines(p.Output()) {
			if after, ok := strings.CutPrefix(line, prefix); ok && strings.HasSuffix(line, "\n") {
				if n++; n == nth {
					rest = strings.TrimSpace(after)
					return true
				}
			}
		}
		if ended {
			t.Fatalf("it ended before line %d of %q: %v\n%s", nth, prefix, p.Err, p.Output())
		}
		return false
	})
	return rest
}

// Ends waits until it has ended by itself, and returns its exit code.
func (p *Process) Ends(t testing.TB) int {
	t.Helper()
	await.Value(t, "the process ends", p.Done)
	return p.Cmd.ProcessState.ExitCode()
}

// Package child runs servers that are measured, each in a process of its own, and asks them what they use.
//
//	process.go   the driver's side: Start, and what to ask
//	answer.go    the server's side: Answer
//	used.go      what the answers are made of
//	blocking.go  a connection for the driver that wakes nobody
package child

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// A Process is this program in a process of its own. One goroutine at a time may use it.
type Process struct {
	Addr string // where its server listens; "": it was launched, not started

	cmd     *exec.Cmd
	control io.WriteCloser
	answers *json.Decoder
}

// Start runs this program with args, which must lead it to Answer, and returns once it listens. A Process must be
// stopped.
func Start(args ...string) (*Process, error) {
	p, err := Launch(args...)
	if err != nil {
		return nil, err
	}
	var hello greeting
	if err := p.Next(&hello); err != nil {
		p.Stop()
		return nil, fmt.Errorf("server did not start: %w", err)
	}
	p.Addr = hello.Addr
	return p, nil
}

// Launch runs this program with args, which may answer as it likes, in JSON.
func Launch(args ...string) (*Process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, args...)
	cmd.Stderr = os.Stderr
	cmd.WaitDelay = time.Second
	control, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	answers, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &Process{cmd: cmd, control: control, answers: json.NewDecoder(answers)}, nil
}

// Usage returns what it has used so far, and ends a profile.
func (p *Process) Usage() (u Usage, err error) { return u, p.Ask(askUsage, &u) }

// Memory returns what it holds after garbage collection.
func (p *Process) Memory() (f Footprint, err error) { return f, p.Ask(askMemory, &f) }

// Profile has it write a CPU profile to file, until the next Usage.
func (p *Process) Profile(file string) error { return p.Ask(askProfile+" "+file, &struct{}{}) }

// Ask sends a line and decodes the answer.
func (p *Process) Ask(question string, answer any) error {
	if _, err := fmt.Fprintln(p.control, question); err != nil {
		return fmt.Errorf("server is gone: %w", err)
	}
	if err := p.Next(answer); err != nil {
		return fmt.Errorf("server is gone: %w", err)
	}
	return nil
}

// Next decodes the next answer.
func (p *Process) Next(answer any) error { return p.answers.Decode(answer) }

// Stop ends the process and waits for its end.
func (p *Process) Stop() error {
	p.control.Close()
	return p.cmd.Wait()
}

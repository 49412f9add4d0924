package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// A process is a server, or what floods one, that runs in a process of its own.
type process struct {
	cmd     *exec.Cmd
	control io.WriteCloser
	answers *json.Decoder
	addr    string
}

func start(p peer, modes ...string) (*process, error) {
	s, err := launch(append([]string{serveCommand, p.name}, modes...)...)
	if err != nil {
		return nil, err
	}
	var hello greeting
	if err := s.answers.Decode(&hello); err != nil {
		s.stop()
		return nil, fmt.Errorf("server did not start: %w", err)
	}
	s.addr = hello.Addr
	return s, nil
}

// launch runs this program with args, in a process of its own.
func launch(args ...string) (*process, error) {
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
	return &process{cmd: cmd, control: control, answers: json.NewDecoder(answers)}, nil
}

func (s *process) usage() (u usage, err error) { return u, s.ask(askUsage, &u) }

func (s *process) memory() (f footprint, err error) { return f, s.ask(askMemory, &f) }

func (s *process) profile(file string) error { return s.ask(askProfile+" "+file, &struct{}{}) }

func (s *process) ask(question string, answer any) error {
	if _, err := fmt.Fprintln(s.control, question); err != nil {
		return fmt.Errorf("server is gone: %w", err)
	}
	if err := s.answers.Decode(answer); err != nil {
		return fmt.Errorf("server is gone: %w", err)
	}
	return nil
}

// stop ends the process and waits for its end.
func (s *process) stop() error {
	s.control.Close()
	return s.cmd.Wait()
}

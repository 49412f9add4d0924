package main

import (
	"bufio"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"

	"example.com/wsecho/wsecho/wsechotest/await"
)

// program is a running cluster: what it has printed.
type program struct {
	cmd  *exec.Cmd
	nats string
	node []startedNode
	done chan error // its end
}

// startedNode is a line about a node.
type startedNode struct {
	addr string
	pid  int
}

var (
	natsLine = regexp.MustCompile(`^log: +(nats://\S+)$`)
	nodeLine = regexp.MustCompile(`^node: http://(\S+) \(kill -TERM (\d+)\)$`)
)

// startProgram runs the program, and waits until so many nodes are ready.
func startProgram(t *testing.T, nodes int, args ...string) *program {
	t.Helper()
	p := &program{cmd: exec.Command(os.Args[0], args...), done: make(chan error, 1)}
	p.cmd.Env = append(os.Environ(), asProgram+"=1")
	p.cmd.Stderr = t.Output()
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.stop(t) })
	lines := bufio.NewScanner(out)
	for len(p.node) < nodes && lines.Scan() {
		if m := natsLine.FindStringSubmatch(lines.Text()); m != nil {
			p.nats = m[1]
		}
		if m := nodeLine.FindStringSubmatch(lines.Text()); m != nil {
			pid, _ := strconv.Atoi(m[2])
			p.node = append(p.node, startedNode{m[1], pid})
		}
	}
	if len(p.node) < nodes {
		t.Fatalf("the program ended with %d of %d nodes", len(p.node), nodes)
	}
	go func() {
		for lines.Scan() {
		}
		p.done <- p.cmd.Wait()
	}()
	for _, n := range p.node {
		n.ready(t)
	}
	return p
}

// ready waits until the node takes clients.
func (n startedNode) ready(t *testing.T) {
	t.Helper()
	client := http.Client{Timeout: time.Second}
	defer client.CloseIdleConnections()
	for end := time.Now().Add(await.Patience); ; time.Sleep(20 * time.Millisecond) {
		resp, err := client.Get("http://" + n.addr + "/readyz")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(end) {
			t.Fatalf("%s is not ready: %v", n.addr, err)
		}
	}
}

// stop ends the program by SIGTERM, which must end it well.
func (p *program) stop(t *testing.T) {
	if p.cmd.ProcessState != nil {
		return
	}
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-p.done:
		if err != nil {
			t.Errorf("the program ends with %v", err)
		}
	case <-time.After(2 * await.Patience):
		p.cmd.Process.Kill()
		t.Error("the program does not end")
	}
}

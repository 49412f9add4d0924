package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"slices"

	"example.com/wsecho/wsecho/internal/peerbench/child"
)

// serveRole is the first argument of a server's process; its name and the address of a nats-server follow.
const serveRole = "serve"

// nodes are the processes of one server.
type nodes struct {
	*child.Process
	nats *child.Process // nil: it needs none
	dir  string         // of the nats-server
}

// start starts the processes of s.
func start(s server) (*nodes, error) {
	n := &nodes{}
	args := []string{serveRole, s.name}
	if s.nats {
		var err error
		if n.dir, err = os.MkdirTemp("", "hubbench"); err != nil {
			return nil, err
		}
		if n.nats, err = child.Start(natsRole, n.dir); err != nil {
			n.stop()
			return nil, err
		}
		args = append(args, n.nats.Addr)
	}
	var err error
	if n.Process, err = child.Start(args...); err != nil {
		n.stop()
		return nil, err
	}
	return n, nil
}

// stop ends the processes.
func (n *nodes) stop() {
	if n.Process != nil {
		n.Stop()
	}
	if n.nats != nil {
		n.nats.Stop()
	}
	if n.dir != "" {
		os.RemoveAll(n.dir)
	}
}

// spent is what two processes use: the server and, where it has one, the nats-server.
type spent struct{ server, nats float64 }

// per returns what s is for each of n.
func (s spent) per(n int) spent { return spent{s.server / float64(n), s.nats / float64(n)} }

// since returns what was spent since before.
func (s spent) since(before spent) spent {
	return spent{s.server - before.server, s.nats - before.nats}
}

// cpu returns the CPU time so far, in ns.
func (n *nodes) cpu() (spent, error) {
	return n.both(func(p *child.Process) (float64, error) {
		u, err := p.Usage()
		return float64(u.CPU), err
	})
}

// memory returns the heaps and stacks, in bytes.
func (n *nodes) memory() (spent, error) {
	return n.both(func(p *child.Process) (float64, error) {
		f, err := p.Memory()
		return float64(f.Bytes), err
	})
}

// both asks the processes.
func (n *nodes) both(ask func(*child.Process) (float64, error)) (s spent, err error) {
	if s.server, err = ask(n.Process); err != nil || n.nats == nil {
		return s, err
	}
	s.nats, err = ask(n.nats)
	return s, err
}

// serve is the role of a server.
func serve(args []string, control io.Reader, answers io.Writer) error {
	i := slices.IndexFunc(servers, func(s server) bool { return len(args) > 0 && s.name == args[0] })
	if i < 0 {
		return fmt.Errorf("which server? got %q", args)
	}
	natsURL := ""
	if servers[i].nats {
		natsURL = "nats://" + args[1]
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	failed := make(chan error, 2)
	go func() { failed <- servers[i].serve(ln, natsURL) }()
	go func() { failed <- child.Answer(ln.Addr().String(), control, answers) }()
	return <-failed
}

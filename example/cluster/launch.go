package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
)

// launch starts the nodes, and a NATS server unless there is one, and waits until ctx ends or all nodes have ended.
func launch(ctx context.Context, o options) error {
	nodes := o.nodes
	if o.nats == "" {
		server, err := startNATS()
		if err != nil {
			return err
		}
		defer server.stop() // last: the nodes publish until they are gone
		o.nats = server.url
		fmt.Println("log: ", o.nats)
		if nodes == 0 {
			nodes = 2
		}
	}
	addrs, err := freeAddrs(max(nodes, 1))
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	// Addresses that are given come first: they are those of nodes elsewhere.
	peers := strings.Join(append(o.peerList(), addrs...), ",")
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	errs := make(chan error, len(addrs))
	for _, addr := range addrs {
		node := exec.CommandContext(ctx, self, "-serve", "-nats", o.nats, "-addr", addr, "-peers", peers)
		node.Stdout, node.Stderr = os.Stdout, os.Stderr
		// A node has a process group of its own, so that ^C reaches it from here alone, once.
		node.SysProcAttr = ownGroup()
		node.Cancel = func() error { return node.Process.Signal(syscall.SIGTERM) }
		node.WaitDelay = drainTimeout * 2
		if err := node.Start(); err != nil {
			return err
		}
		fmt.Printf("node: http://%s (kill -TERM %d)\n", addr, node.Process.Pid)
		running.Go(func() {
			err := node.Wait()
			if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
				err = nil // it has drained, since it was told to
			}
			errs <- err
		})
	}
	running.Wait()
	close(errs)
	for e := range errs {
		err = errors.Join(err, e)
	}
	return err
}

// freeAddrs returns addresses on the loopback that nobody listens on. Another process may take one before its node
// does, which then says so.
func freeAddrs(n int) ([]string, error) {
	var addrs []string
	for range n {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer ln.Close() // not earlier: each is to be another
		addrs = append(addrs, ln.Addr().String())
	}
	return addrs, nil
}

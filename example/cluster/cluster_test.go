package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"example.com/wsecho/wsecho/wsechotest/await"
)

// The clients of a node that is told to end go on at the other, and miss nothing; so does one that goes on to a node
// that has joined by -nats.
func TestEndOfANode(t *testing.T) {
	p := startProgram(t, 2, "-nodes", "2")
	nodes := []string{p.node[0].addr, p.node[1].addr}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	quit := make(chan struct{})
	var all []*follower
	for i := range 12 {
		f := &follower{t: t, guest: fmt.Sprintf("guest-%d", i), nodes: nodes, quit: quit}
		if i%4 == 3 { // one in four is at the other node already
			f.nodes = []string{nodes[1], nodes[0]}
		}
		all = append(all, f)
		running.Go(func() { f.run(ctx) })
	}
	await.Poll(t, "everybody hears the others", func() bool { return everyone(all, func(f *follower) bool { return len(f.heard) > 50 }) })

	ending, err := os.FindProcess(p.node[0].pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := ending.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	await.Poll(t, "the node is gone, and its clients are at the other", func() bool {
		c, err := net.Dial("tcp", nodes[0])
		if err == nil {
			c.Close()
		}
		return err != nil && everyone(all, func(f *follower) bool { return f.node == nodes[1] })
	})
	time.Sleep(300 * time.Millisecond) // for a few words there
	close(quit)
	await.Poll(t, "all has come back", func() bool { return everyone(all, func(f *follower) bool { return len(f.waiting) == 0 }) })
	var sent []string
	for _, f := range all {
		sent = append(sent, f.sent...)
	}
	await.Poll(t, "everybody has heard all that was sent once he was there", func() bool {
		last := all[0].last()
		return everyone(all, func(f *follower) bool { return f.heard[len(f.heard)-1] == last })
	})
	longest := slices.MaxFunc(all, func(a, b *follower) int { return len(a.heard) - len(b.heard) }).heard
	for _, f := range all {
		if f.resets > 0 {
			t.Errorf("%s was told %d times that something is missing", f.guest, f.resets)
		}
		// Whoever came later has heard the end of what the first heard, word for word.
		if !slices.Equal(f.heard, longest[len(longest)-len(f.heard):]) {
			t.Errorf("%s heard other than the first", f.guest)
		}
	}
	slices.Sort(sent)
	if heard := slices.Sorted(slices.Values(longest)); !slices.Equal(heard, sent) {
		t.Errorf("%d messages were sent, %d heard", len(sent), len(heard))
	}

	joinByNATS(t, p.nats, all[0], nodes[1])
	cancel()
	running.Wait()
}

// joinByNATS starts another node on the log of the first two, and holds that it has what f missed and is heard by f.
func joinByNATS(t *testing.T, nats string, f *follower, node string) {
	t.Helper()
	third := startProgram(t, 1, "-nats", nats, "-peers", node)
	quit := make(chan struct{})
	late := &follower{t: t, guest: "guest-late", nodes: []string{third.node[0].addr}, quit: quit, at: f.place()}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { late.run(ctx) })
	await.Poll(t, "both hear the third node's guest", func() bool {
		return everyone([]*follower{f, late}, func(f *follower) bool {
			return slices.Contains(f.heard, "guest-late 1")
		})
	})
	close(quit)
	cancel()
	running.Wait()
	if late.resets > 0 {
		t.Error("a place of another node is none here")
	}
}

// place returns what f has reached.
func (f *follower) place() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.at
}

// last returns the last message that f has heard; there is one.
func (f *follower) last() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.heard[len(f.heard)-1]
}

// everyone says whether ok is true of all.
func everyone(all []*follower, ok func(f *follower) bool) bool {
	for _, f := range all {
		f.mu.Lock()
		is := ok(f)
		f.mu.Unlock()
		if !is {
			return false
		}
	}
	return true
}

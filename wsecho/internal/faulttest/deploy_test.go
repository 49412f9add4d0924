package faulttest

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/wsechotest/await"
	"example.com/wsecho/wsecho/wsechotest/child"
)

// The example service gets SIGTERM with 2,000 sessions open, or as many as can be. Each client sees 1001, they are told one
// after the other over -spread, those who have not been told yet are still served, and the process
// ends by itself, with 0.
func TestDeploy(t *testing.T) {
	const spread, beats = 6 * time.Second, 60
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		t.Fatal(err)
	}
	n := min(2000, int(min(files.Cur, 1<<20))-200) // 1024 files are all that some machines allow
	path, err := built(filepath.Join("..", "..", ".."), "./example")
	if err != nil {
		t.Fatal(err)
	}
	p := child.Start(t, exec.Command(path, "-addr", "127.0.0.1:0", "-per-client", "0", "-spread", spread.String()))
	addr := p.Says(t, "http://", 1)
	clients := openMany(t, addr, n)
	p.Cmd.Process.Signal(syscall.SIGTERM)

	d := drain{waiting: map[*client]bool{}}
	for _, c := range clients {
		d.waiting[c] = true
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		var all sync.WaitGroup
		for _, c := range clients {
			all.Go(func() { d.follow(c) })
		}
		all.Wait()
	}()
	// To tell the order by, something else happens all along: a client asks for an echo, and gets it
	// if it has not been told yet.
	beat := time.NewTicker(spread / beats)
	defer beat.Stop()
	stuck := time.After(await.Patience)
	for on := true; on; {
		select {
		case <-beat.C:
			if c := d.one(); c != nil {
				c.Send(peer.Text("beat"))
			}
		case <-over:
			on = false
		case <-stuck:
			t.Fatal("the drain does not end")
		}
	}

	t.Logf("%d told, at most %d at a stretch, %d served meanwhile", d.told, d.longest, d.served)
	if d.told != n {
		t.Errorf("%d of %d clients saw 1001; others saw %.200q", d.told, n, d.others)
	}
	if d.longest > n*3/4 || d.served < beats/4 { // a busy machine may stand still for some of the time
		t.Errorf("they were not told one after the other: %d at a stretch, %d served meanwhile", d.longest, d.served)
	}
	select {
	case <-p.Done:
		if p.Err != nil {
			t.Errorf("the service ended with %v", p.Err)
		}
	case <-time.After(await.Patience): // as long as Kubernetes grants by default
		t.Error("the service does not end")
	}
}

// openMany opens n sessions.
func openMany(t *testing.T, addr string, n int) []*client {
	t.Helper()
	clients := make([]*client, n)
	errs := make(chan error, n)
	turns := make(chan struct{}, 50) // at once
	for i := range n {
		turns <- struct{}{}
		go func() {
			defer func() { <-turns }()
			p, answer, err := handshake(t, addr, "client")
			if err == nil && answer.StatusCode != 101 {
				err = fmt.Errorf("handshake: %s", answer.Status)
			}
			clients[i] = &client{Peer: p}
			errs <- err
		}()
	}
	for range n {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
	return clients
}

// drain is what all clients together see of it, in one order.
type drain struct {
	mu      sync.Mutex
	waiting map[*client]bool // to be told
	told    int              // saw 1001
	others  []string         // what those saw who did not
	stretch int              // told since the last echo
	longest int
	served  int // echoes after the first was told, but at most one a stretch
}

// follow reads what c gets until its end.
func (d *drain) follow(c *client) {
	for {
		m := c.Next()
		d.mu.Lock()
		switch {
		case m == "text:beat":
			if d.stretch > 0 {
				d.served++
			}
			d.stretch = 0
		case m == "close:1001":
			d.told++
			d.stretch++
			d.longest = max(d.longest, d.stretch)
		default:
			d.others = append(d.others, m)
		}
		over := m == "close:1001" || isEnd(m)
		if over {
			delete(d.waiting, c)
		}
		d.mu.Unlock()
		if over {
			return
		}
	}
}

// one is a client that waits to be told, if one does.
func (d *drain) one() *client {
	d.mu.Lock()
	defer d.mu.Unlock()
	for c := range d.waiting {
		return c
	}
	return nil
}

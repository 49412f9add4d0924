package clustertest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"example.com/wsecho/wsecho/wsechotest/await"
	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// A crowd is clients in rooms that talk all the time.
type crowd struct {
	t       testing.TB
	tally   *tally
	clients []*client
	stop    chan struct{}
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// startCrowd lets clients whose names begin with name join the nodes of c, and talk once all are there. The long form
// is that of the table: 300 clients in 10 rooms, one message each a second.
func startCrowd(t testing.TB, c *cluster, name string) *crowd {
	t.Helper()
	clients, rooms, every := 60, 6, 500*time.Millisecond
	if leaktest.Long() {
		clients, rooms, every = 300, 10, time.Second
	}
	ctx, cancel := context.WithCancel(context.Background())
	w := &crowd{t: t, tally: newTally(t), stop: make(chan struct{}), cancel: cancel}
	t.Cleanup(func() { cancel(); w.running.Wait() })
	var ports []int
	for _, p := range c.nodes {
		ports = append(ports, p.port)
	}
	gate := make(chan struct{})
	for i := range clients {
		cl := newClient(w.tally, fmt.Sprintf("%s-%d", name, i), fmt.Sprintf("%s-%d", name, i%rooms), ports)
		cl.every, cl.gate, cl.stop = every, gate, w.stop
		w.clients = append(w.clients, cl)
		w.running.Go(func() { cl.run(ctx) })
	}
	for _, cl := range w.clients {
		cl.open.Wait()
	}
	close(gate)
	return w
}

// finish lets what is under way arrive, and holds what everybody got against what was sent. It returns the row of the
// table.
func (w *crowd) finish(fault string, resets int) string {
	w.t.Helper()
	close(w.stop)
	missing := -1
	for end := time.Now().Add(await.Patience); missing != 0 && time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		missing = w.tally.missing(w.clients)
	}
	w.cancel()
	w.running.Wait()
	row := w.tally.row(fault, missing)
	w.t.Log("\n" + tableHead + "\n" + row)
	if missing != 0 {
		w.t.Errorf("%d messages are missing", missing)
	}
	if w.tally.resets != resets {
		w.t.Errorf("%d resets, want %d", w.tally.resets, resets)
	}
	if w.tally.delivered == 0 {
		w.t.Error("nothing was delivered")
	}
	return row
}

//go:build linux

package wsecho_test

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/internal/socket"
	"example.com/wsecho/wsecho/wsechotest/await"
	"example.com/wsecho/wsecho/wsechotest/child"
	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// TestSoak: a thousand sessions that connect, talk, are quiet for long enough to park, wake, and leave
// in every way. Not one message is lost, doubled or out of order, and nothing is left at the end.
func TestSoak(t *testing.T) {
	leaktest.Slow(t)
	if !child.Alone(t) {
		return
	}
	total, workers := leaktest.Volume(200, 500, 10_000), 100
	ready := resources()
	var parkings uint64
	wanted := map[string]uint64{}          // by label
	t.Run("sessions", func(t *testing.T) { // its cleanup stops the servers
		lot := new(socket.Lot) // its descriptor goes with it
		soaks := []*soak{newSoak(t, websocket.CompressionDisabled, lot), newSoak(t, websocket.CompressionNoContextTakeover, lot)}
		networks := []string{"tcp", "tcp", "unix", "plain"}
		var next, failed atomic.Int64
		var mu sync.Mutex
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				for n := int(next.Add(1)); n <= total && failed.Load() < 10; n = int(next.Add(1)) {
					way := sessiontest.Ways[rand.IntN(len(sessiontest.Ways))]
					if n <= total/20 || n <= len(sessiontest.Ways) { // each at least once; the late ones begin first
						way = sessiontest.Ways[n%len(sessiontest.Ways)]
					} else if way.Late {
						way = sessiontest.Ways[0]
					}
					deflated := n%5 == 0
					k := soaks[0]
					if deflated {
						k = soaks[1]
					}
					network := networks[n%len(networks)]
					mu.Lock()
					wanted[way.Label]++
					mu.Unlock()
					if err := k.live(n, network, deflated, way); err != nil {
						failed.Add(1)
						t.Errorf("%s over %s, deflate %v: %v", way.Name, network, deflated, err)
					}
				}
			})
		}
		wg.Wait()
		got := map[string]uint64{}
		for _, k := range soaks {
			await.Poll(t, "no session is open", func() bool { return k.h.Stats().Open == 0 })
			for s := range k.h.Sessions() {
				t.Errorf("still listed: %v", s)
			}
			stats := k.h.Stats()
			if stats.Queued != 0 {
				t.Errorf("%d bytes still queued", stats.Queued)
			}
			for label, n := range stats.Ended {
				got[label] += n
			}
			if err := k.h.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
		}
		for label, n := range got {
			if want := wanted[label]; want != n {
				t.Errorf("%d sessions ended as %s, want %d", n, label, want)
			}
		}
		await.Poll(t, "none is parked", func() bool { return lot.Len() == 0 })
		parkings = lot.Count()
		t.Logf("ends: %v; parked %d times", got, parkings)
	})
	if parkings < uint64(total)/4 && !t.Failed() { // not all: a busy machine leaves few pauses
		t.Errorf("parked %d times only", parkings)
	}
	var left string
	for end := time.Now().Add(await.Patience); ; time.Sleep(20 * time.Millisecond) {
		if left = ready.exceededBy(resources()); left == "" {
			break
		}
		if time.Now().After(end) {
			t.Fatal("left: " + left)
		}
	}
}

package logtest

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho/hub"
)

// testStorm: while messages come, clients come, go, and come back elsewhere: each has all, once and in order.
func testStorm(t *testing.T, c *cluster) {
	const ahead = 10_000 // at most, of the slowest client: less than MaxReplay and MaxBytes, or who is held up is told a reset
	var published atomic.Int64
	var reached [6]atomic.Int64 // how many of those each client has had, or came too late for
	slowest := func() int64 {
		n := reached[0].Load()
		for i := range reached {
			n = min(n, reached[i].Load())
		}
		return n
	}
	stop := make(chan struct{})
	var publishing, reading sync.WaitGroup
	publishing.Go(func() {
		for !t.Failed() {
			if n := int(published.Load()); int64(n) < slowest()+ahead {
				publish(t, c.node(n), hub.Message{Topic: "a", ID: fmt.Sprint(n)})
				publish(t, c.node(n), hub.Message{Topic: "b"})
				published.Add(1)
			} else {
				time.Sleep(time.Millisecond)
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	for i := range reached {
		reading.Go(func() {
			defer reached[i].Store(math.MaxInt64 - ahead) // it holds up nobody
			since, last := "", -1
			for round := range 5 {
				cl, f := dial(t, c.node(i+round), since, "a")
				if last < 0 {
					reached[i].Store(published.Load())
				}
				if f.Reset {
					t.Errorf("client %d, round %d: reset", i, round)
				}
				for range 30 {
					f := cl.message()
					var n int
					fmt.Sscan(f.ID, &n)
					if last >= 0 && n != last+1 || t.Failed() {
						t.Errorf("client %d, round %d: %+v after %d", i, round, f, last)
						return
					}
					last = n
					reached[i].Store(int64(n))
				}
				since = cl.at
				cl.conn.CloseNow()
			}
		})
	}
	reading.Wait()
	close(stop)
	publishing.Wait()
}

// testSlowReaders: who reads slowly misses nothing, and has it in order.
func testSlowReaders(t *testing.T, c *cluster) {
	const messages = 200
	var reading sync.WaitGroup
	begin := make(chan struct{})
	for i := range 2 * len(c.nodes) {
		cl, _ := dial(t, c.node(i), "", "a")
		slow := i%2 == 0
		reading.Go(func() {
			if slow {
				<-begin
			}
			for n := range messages {
				if f := cl.message(); f.ID != fmt.Sprint(n) {
					t.Errorf("client %d: %s, want %d", i, f.ID, n)
					return
				}
			}
		})
	}
	for n := range messages {
		publish(t, c.node(0), hub.Message{Topic: "a", ID: fmt.Sprint(n), Data: quoted(2000)})
	}
	for end := time.Now().Add(patience); c.node(0).Stats().Behind == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Error("nobody fell behind")
			break
		}
	}
	close(begin)
	reading.Wait()
}

// testListen: what is published anywhere is heard everywhere, in order.
func testListen(t *testing.T, c *cluster) {
	heard := make(chan string, 100*len(c.nodes))
	for i, h := range c.nodes {
		stop := h.Listen("a", func(m hub.Message) { heard <- fmt.Sprint(i, " ", m.ID) })
		defer stop()
	}
	for n := range 20 {
		publish(t, c.node(n), hub.Message{Topic: "a", ID: fmt.Sprint(n)})
		publish(t, c.node(n), hub.Message{Topic: "b", ID: "x"})
	}
	next := make([]int, len(c.nodes))
	for range 20 * len(c.nodes) {
		select {
		case s := <-heard:
			var i, n int
			fmt.Sscan(s, &i, &n)
			if n != next[i] {
				t.Fatalf("node %d heard %d, want %d", i, n, next[i])
			}
			next[i]++
		case <-time.After(patience):
			t.Fatalf("heard %v of 20", next)
		}
	}
}

// testCloseInAStorm: a Hub can be closed at any time, and its sessions are told to come elsewhere.
func testCloseInAStorm(t *testing.T, c *cluster) {
	var publishing sync.WaitGroup
	for i, h := range c.nodes {
		publishing.Go(func() {
			for n := 0; h.Publish(t.Context(), hub.Message{Topic: "a", From: fmt.Sprint(i), ID: fmt.Sprint(n)}) == nil; n++ {
			}
		})
	}
	for i, h := range c.nodes {
		cl, _ := dial(t, h, "", "a")
		for range 20 {
			cl.next() // a reset too: it may be slower than the storm
		}
		h.Close()
		for {
			if _, _, err := cl.conn.Read(t.Context()); err != nil {
				if websocket.CloseStatus(err) != websocket.StatusGoingAway {
					t.Errorf("node %d: the session ended with %v", i, err)
				}
				break
			}
		}
	}
	publishing.Wait()
}

package clustertest

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// frame is what a node tells a client.
type frame struct {
	At    string          `json:"at"`
	Topic string          `json:"topic"`
	ID    string          `json:"id"`
	From  string          `json:"from"`
	Data  json.RawMessage `json:"data"`
	Reset bool            `json:"reset"`
	Here  []struct {
		User string `json:"user"`
	} `json:"here"`
	Joined []struct {
		User string `json:"user"`
	} `json:"joined"`
	Left []struct {
		User string `json:"user"`
	} `json:"left"`
	Users *int `json:"users"`
}

// A client follows a room as a page does: it comes back to whatever node with the place that it has reached, and sends
// again what it has not seen come back. It numbers its messages.
type client struct {
	tally *tally
	user  string
	room  string
	ports []int // of the nodes
	every time.Duration
	gate  <-chan struct{} // closed when it may send
	stop  <-chan struct{} // closed when it is to send nothing new
	open  sync.WaitGroup  // done at the first frame

	// Of the goroutine that reads.
	at       string
	last     map[string]int // by sender: its last number
	heard    time.Time      // when the last message came
	everOpen bool

	mu      sync.Mutex
	waiting []int // sent, and not seen to come back
	sent    int
}

func newClient(y *tally, user, room string, ports []int) *client {
	c := &client{tally: y, user: user, room: room, ports: ports, last: map[string]int{}}
	c.open.Add(1)
	return c
}

// run keeps c connected until ctx ends.
func (c *client) run(ctx context.Context) {
	var lost time.Time
	for ctx.Err() == nil {
		conn, err := c.dial(ctx, c.ports[rand.IntN(len(c.ports))])
		if err != nil {
			pause(ctx, 100*time.Millisecond+rand.N(200*time.Millisecond))
			continue
		}
		c.talk(ctx, conn, lost)
		conn.CloseNow()
		lost = time.Now()
		pause(ctx, rand.N(100*time.Millisecond))
	}
}

func (c *client) dial(ctx context.Context, port int) (*websocket.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	q := url.Values{"user": {c.user}}
	if c.at != "" {
		q.Set("since", c.at)
	}
	conn, _, err := websocket.Dial(ctx, fmt.Sprintf("ws://%s/rooms/%s?%s", loopback(port), c.room, q.Encode()),
		&websocket.DialOptions{Subprotocols: []string{"rooms.v1"}})
	return conn, err
}

// talk reads until the connection ends. lost is when the one before it did.
func (c *client) talk(ctx context.Context, conn *websocket.Conn, lost time.Time) {
	conn.SetReadLimit(-1)
	ctx, cancel := context.WithCancel(ctx)
	var sending sync.WaitGroup
	defer sending.Wait()
	defer cancel()
	for first := true; ; first = false {
		_, p, err := conn.Read(ctx)
		if err != nil {
			return
		}
		var f frame
		if err := json.Unmarshal(p, &f); err != nil {
			c.tally.t.Errorf("%s got %q: %v", c.user, p, err)
			return
		}
		if first { // before it nothing may be sent: where the client is has not been settled
			c.opened(lost)
			sending.Go(func() { c.send(ctx, conn) })
		}
		c.take(f)
	}
}

func (c *client) opened(lost time.Time) {
	if !c.everOpen {
		c.everOpen = true
		c.open.Done()
		return
	}
	c.tally.add(func() {
		c.tally.returns++
		c.tally.away = max(c.tally.away, time.Since(lost))
	})
}

func (c *client) take(f frame) {
	if f.Reset {
		c.tally.add(func() { c.tally.resets++ })
		clear(c.last)
	}
	if f.From != "" {
		var n int
		if err := json.Unmarshal(f.Data, &n); err != nil {
			c.tally.t.Errorf("%s got %s from %s", c.user, f.Data, f.From)
		}
		now := time.Now()
		var silence time.Duration
		if !c.heard.IsZero() {
			silence = now.Sub(c.heard)
		}
		c.heard = now
		c.tally.got(c, f.At, said{f.From, n}, silence)
		if f.From == c.user {
			c.mu.Lock()
			c.waiting = slices.DeleteFunc(c.waiting, func(w int) bool { return w == n })
			c.mu.Unlock()
		}
	}
	if f.At != "" {
		c.at = f.At
	}
}

// send sends what waits, in order, and then new messages.
func (c *client) send(ctx context.Context, conn *websocket.Conn) {
	write := func(n int) bool {
		return conn.Write(ctx, websocket.MessageText, fmt.Appendf(nil, `{"id":"%d","data":%d}`, n, n)) == nil
	}
	c.mu.Lock()
	again := slices.Clone(c.waiting)
	c.mu.Unlock()
	c.tally.add(func() { c.tally.resent += len(again) })
	for _, n := range again {
		if !write(n) {
			return
		}
	}
	select {
	case <-c.gate:
	case <-ctx.Done():
		return
	}
	tick := time.NewTimer(rand.N(c.every))
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			tick.Reset(c.every)
		case <-c.stop:
			return
		case <-ctx.Done():
			return
		}
		c.mu.Lock()
		c.sent++
		n := c.sent
		c.waiting = append(c.waiting, n)
		c.mu.Unlock()
		c.tally.add(func() { c.tally.sent[c.user] = n })
		if !write(n) {
			return
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

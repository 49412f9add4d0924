package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// A follower does what the page does: it comes back, to the next node, with the place that it has reached, and
// sends again what it has not seen come back.
type follower struct {
	t     *testing.T
	guest string
	nodes []string
	quit  chan struct{} // closed when it is to send nothing new; who then takes mu sees all that it has sent

	mu      sync.Mutex
	node    string   // where it is
	at      string   // the place that it has reached
	heard   []string // "guest number", in order
	sent    []string
	waiting []int // numbers that have not come back
	resets  int
}

// run follows until ctx ends.
func (f *follower) run(ctx context.Context) {
	for i := 0; ctx.Err() == nil; i++ {
		f.visit(ctx, f.nodes[i%len(f.nodes)])
		select {
		case <-time.After(rand.N(100 * time.Millisecond)):
		case <-ctx.Done():
		}
	}
}

// visit stays at a node until the connection ends.
func (f *follower) visit(ctx context.Context, node string) {
	ctx, cancel := context.WithCancel(ctx)
	var sending sync.WaitGroup
	defer sending.Wait()
	defer cancel()
	target := fmt.Sprintf("ws://%s/rooms/go?name=%s&guest=%s&since=%s", node, f.guest, f.guest, url.QueryEscape(f.at))
	conn, _, err := websocket.Dial(ctx, target, &websocket.DialOptions{
		Subprotocols: []string{"rooms.v1"},
		HTTPHeader:   http.Header{"Origin": {"http://" + f.nodes[0]}},
	})
	if err != nil {
		return
	}
	defer conn.CloseNow()
	for ready := false; ; {
		_, p, err := conn.Read(ctx)
		if err != nil {
			return
		}
		if placed := f.take(node, p); placed && !ready {
			ready = true
			sending.Go(func() { f.send(ctx, conn) })
		}
	}
}

// take deals with a frame, and returns whether it has a place: the first that has says where the node goes on.
func (f *follower) take(node string, p []byte) (placed bool) {
	var m struct {
		At, From, ID string
		Reset        bool
		Data         *struct{ Name, Says string }
	}
	if err := json.Unmarshal(p, &m); err != nil {
		f.t.Errorf("%q: %v", p, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.node = node
	if m.At != "" {
		f.at = m.At
	}
	if m.Reset {
		f.resets++
	}
	if m.Data == nil {
		return m.At != ""
	}
	f.heard = append(f.heard, m.Data.Name+" "+m.Data.Says)
	if m.Data.Name == f.guest {
		f.waiting = slices.DeleteFunc(f.waiting, func(n int) bool { return fmt.Sprint(n) == m.ID })
	}
	return true
}

// send sends what waits, and then something new every now and then.
func (f *follower) send(ctx context.Context, conn *websocket.Conn) {
	write := func(n int) bool {
		return conn.Write(ctx, websocket.MessageText, fmt.Appendf(nil, `{"id":"%d","data":"%d"}`, n, n)) == nil
	}
	f.mu.Lock()
	again := slices.Clone(f.waiting)
	f.mu.Unlock()
	for _, n := range again {
		if !write(n) {
			return
		}
	}
	for {
		select {
		case <-time.After(rand.N(100 * time.Millisecond)):
		case <-f.quit:
			return
		case <-ctx.Done():
			return
		}
		f.mu.Lock()
		select {
		case <-f.quit: // closed meanwhile, or at the same time
			f.mu.Unlock()
			return
		default:
		}
		n := len(f.sent) + 1
		f.sent = append(f.sent, fmt.Sprintf("%s %d", f.guest, n))
		f.waiting = append(f.waiting, n)
		f.mu.Unlock()
		if !write(n) {
			return
		}
	}
}

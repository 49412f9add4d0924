package wsecho_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/wsechotest/await"
	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// TestParkStorm: sessions park and wake all the time while others open and close, so that descriptors
// are reused at once. No session ever gets what is another's.
func TestParkStorm(t *testing.T) {
	leaktest.Slow(t)
	t.Parallel()
	h := &wsecho.Handler{PingInterval: 7 * time.Millisecond, PongTimeout: 10 * time.Second, CloseTimeout: 100 * time.Millisecond}
	wsecho.ParkAfter(h, time.Millisecond)
	var opened, closed atomic.Int64
	h.OnOpen = func(*wsecho.Session, *http.Request) error { opened.Add(1); return nil }
	h.OnClose = func(context.Context, *wsecho.Session, error) { closed.Add(1) }
	e := serve(t, h)
	stop := time.Now().Add(1500 * time.Millisecond)
	var wg sync.WaitGroup
	wg.Go(func() { // closes at random from outside
		for time.Now().Before(stop) {
			time.Sleep(2 * time.Millisecond)
			for s := range h.Sessions() {
				s.Close(4444, "")
				break
			}
		}
	})
	for c := range 60 {
		wg.Go(func() {
			for i := 0; time.Now().Before(stop); i++ {
				p := e.open(t)
				for n := range rand.IntN(12) {
					time.Sleep(rand.N(4 * time.Millisecond))
					id := fmt.Sprint(c, i, n)
					if p.Send(peer.Text(id)) != nil {
						break
					}
					m := p.Next()
					for strings.HasPrefix(m, "ping:") {
						m = p.Next()
					}
					if strings.HasPrefix(m, "text:") && m != "text:"+id {
						t.Errorf("the peer saw %q, want %q", m, id)
					}
					if m != "text:"+id {
						break
					}
				}
				if rand.IntN(3) == 0 {
					p.Send(peer.Close(1000, ""))
					p.Next()
				}
				p.Close()
			}
		})
	}
	wg.Wait()
	await.Poll(t, "all are gone", func() bool { return h.Stats().Open == 0 && wsecho.Lot(h).Len() == 0 })
	if opened.Load() != closed.Load() {
		t.Errorf("%d opened, %d closed", opened.Load(), closed.Load())
	}
	parkings := wsecho.Lot(h).Count()
	t.Logf("%d sessions, parked %d times", opened.Load(), parkings)
	if parkings < uint64(opened.Load())/2 {
		t.Error("hardly any parked")
	}
}

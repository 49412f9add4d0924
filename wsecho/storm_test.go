package wsecho_test

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/wsechotest/await"
	"example.com/wsecho/wsecho/wsechotest/child"
	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// TestStorm ends hundreds of sessions in every way at once, while others go on.
func TestStorm(t *testing.T) {
	leaktest.Slow(t)
	if !child.Alone(t) {
		return
	}
	before := runtime.NumGoroutine()
	type state struct {
		closed  atomic.Bool
		running atomic.Int32
	}
	var opened, closes atomic.Int32
	h := &wsecho.Handler{PingInterval: time.Second, WriteTimeout: noStall, CloseTimeout: 1500 * time.Millisecond, ReadLimit: 1 << 16}
	h.OnOpen = func(s *wsecho.Session, r *http.Request) error {
		st := new(state)
		s.Data = st
		for range 2 {
			st.running.Add(1)
			s.Go(func(ctx context.Context) error { <-ctx.Done(); runtime.Gosched(); st.running.Add(-1); return nil })
		}
		if r.Header.Get("X-Open") == "error" {
			return errSecret
		}
		opened.Add(1)
		return nil
	}
	h.OnMessage = func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
		if is, err := sessiontest.Asked(ctx, s, p); is {
			return err
		}
		return s.Write(ctx, typ, p)
	}
	h.OnClose = func(_ context.Context, s *wsecho.Session, err error) {
		st := s.Data.(*state)
		if closes.Add(1); st.closed.Swap(true) {
			t.Error("OnClose twice")
		}
		if n := st.running.Load(); n != 0 {
			t.Errorf("OnClose ran before %d functions of Go had returned", n)
		}
		if err == nil {
			t.Error("OnClose got no error")
		}
	}
	// Whoever is silent has a Handler that gives a peer less time than a busy machine may need.
	hasty := &wsecho.Handler{PingInterval: time.Second, PongTimeout: 300 * time.Millisecond, OnOpen: h.OnOpen, OnMessage: h.OnMessage, OnClose: h.OnClose}
	wsecho.ParkAfter(h, 5*time.Millisecond)
	wsecho.ParkAfter(hasty, 5*time.Millisecond)
	e, forSilent := serve(t, h), serve(t, hasty)

	isPing := func(m string) bool { return strings.HasPrefix(m, "ping:") }
	rest := func(p *peer.Peer) []string { return slices.DeleteFunc(p.Rest(), isPing) }
	var bystanders, storm sync.WaitGroup
	over := make(chan struct{})
	for i := range 10 {
		p := e.open(t)
		bystanders.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-over:
					p.Send(peer.Close(1000, ""))
					if got := rest(p); !slices.Equal(got, []string{"close:1000", "eof"}) {
						t.Errorf("a bystander ended with %q", got)
					}
					p.Close()
					return
				default:
				}
				want := fmt.Sprintf("text:%d of %d", n, i)
				p.Send(peer.Text(want[5:]))
				got := p.Next()
				for isPing(got) {
					got = p.Next()
				}
				if got != want {
					t.Errorf("a bystander saw %q, want %q", got, want)
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
		})
	}
	rounds := leaktest.Volume(2, 5, 15)
	labels := map[string]uint64{"peer": 10, "error": uint64(rounds)} // the bystanders, and OnOpen's
	for range rounds {
		for _, w := range sessiontest.Ways {
			labels[w.Label]++
			storm.Go(func() {
				at := e
				if w.Label == "pong_timeout" {
					at = forSilent
				}
				p := at.open(t)
				w.Leave(p)
				if w.Gone { // until it is cut
					return
				}
				defer p.Close()
				want := []string{w.Code, "eof"}
				if w.Code == "" {
					want = want[1:]
				}
				got := rest(p)
				if len(got) == len(want) && strings.HasPrefix(got[0], want[0]+" ") {
					got[0] = want[0] // but for the reason
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s: the peer saw %q, want %q", w.Name, got, want)
				}
			})
		}
		storm.Go(func() {
			p := e.open(t, "X-Open: error")
			if got := rest(p); !slices.Equal(got, []string{"close:1011", "eof"}) {
				t.Errorf("a failed OnOpen: the peer saw %q", got)
			}
			p.Close()
		})
	}
	storm.Wait()
	close(over)
	bystanders.Wait()
	await.Poll(t, "nothing is left", func() bool { return h.Stats().Open+hasty.Stats().Open == 0 })
	if o, c := opened.Load(), closes.Load(); o != c || o != int32(10+rounds*len(sessiontest.Ways)) {
		t.Errorf("%d opened, %d OnClose", o, c)
	}
	ended, endedSilent := h.Stats().Ended, hasty.Stats().Ended
	for label, n := range labels {
		if got := ended[label] + endedSilent[label]; got != n {
			t.Errorf("%d ended as %s, want %d", got, label, n)
		}
	}
	for _, e := range []*endpoint{e, forSilent} {
		if err := e.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		e.srv.Close()
	}
	await.Poll(t, "as many goroutines as before", func() bool { return runtime.NumGoroutine() <= before })
}

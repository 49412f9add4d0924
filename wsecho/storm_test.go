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
	"example.com/wsecho/wsecho/wsechotest/await"
	"example.com/wsecho/wsecho/wsechotest/child"
	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// ways are all ways to end at once; each says what the peer must see, "" for a peer that is gone.
var ways = []struct {
	name  string
	send  []byte // "now" makes the hook do it
	code  string
	then  func(p *peer.Peer)
	label string
}{
	{name: "close", code: "close:4000 x", label: "closed"},
	{name: "later", code: "close:4001", label: "closed"},
	{name: "error", code: "close:1011", label: "error"},
	{name: "closeerror", code: "close:4002 r", label: "hook"},
	{name: "wrapped", code: "close:1011", label: "error"},
	{name: "panic", code: "close:1011", label: "panic"},
	{name: "goexit", code: "close:1011"},
	{name: "go error", code: "close:1011", label: "error"},
	{name: "go panic", code: "close:1011", label: "panic"},
	{name: "mute", code: "close:4001", label: "closed", then: func(p *peer.Peer) { p.Mute = true }},
	{name: "flood", label: "write_timeout"},
	{name: "peer", send: peer.Close(1000, ""), code: "close:1000", label: "peer"},
	{name: "peer mid-message", send: peer.Join(peer.Fragment(1, "a"), peer.Close(3000, "")), code: "close:3000", label: "peer"},
	{name: "eof", label: "lost", then: (*peer.Peer).Close},
	{name: "reset", label: "lost", then: (*peer.Peer).Reset},
	{name: "mid-frame", send: []byte{0x81, 0xff}, label: "lost", then: (*peer.Peer).Close},
	{name: "silent", send: peer.Pong(""), code: "close:1011", label: "pong_timeout", then: func(p *peer.Peer) { p.Mute = true }},
	{name: "big", send: peer.Binary(make([]byte, 1<<17)), code: "close:1009", label: "too_big"},
	{name: "not UTF-8", send: peer.Text("\xff"), code: "close:1007", label: "invalid"},
	{name: "unmasked", send: []byte{0x81, 0}, code: "close:1002", label: "protocol"},
}

// TestStorm ends hundreds of sessions in every way at once, while others go on.
func TestStorm(t *testing.T) {
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
		switch string(p) {
		case "close":
			s.Close(4000, "x")
		case "later", "mute":
			go s.Close(4001, "")
		case "error":
			return errSecret
		case "closeerror":
			return websocket.CloseError{Code: 4002, Reason: "r"}
		case "wrapped":
			return fmt.Errorf("secret: %w", websocket.CloseError{Code: 4003})
		case "panic":
			panic("storm")
		case "goexit":
			runtime.Goexit()
		case "go error":
			s.Go(func(context.Context) error { return errSecret })
		case "go panic":
			s.Go(func(context.Context) error { panic("storm") })
		case "flood":
			for s.Write(ctx, typ, make([]byte, 1<<18)) == nil {
			}
		default:
			return s.Write(ctx, typ, p)
		}
		return nil
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
	labels := map[string]uint64{"peer": 10} // the bystanders
	for range rounds {
		for _, w := range ways {
			labels[w.label]++
			storm.Go(func() {
				at := e
				if w.name == "silent" {
					at = forSilent
				}
				p := at.open(t)
				if w.name != "flood" { // that peer stays until it is cut
					defer p.Close()
				}
				if send := w.send; send != nil {
					p.Send(send)
				} else if w.then == nil || w.code != "" {
					p.Send(peer.Text(w.name))
				}
				if w.then != nil {
					w.then(p)
				}
				if w.code == "" {
					return
				}
				got := rest(p)
				if len(got) != 2 || got[1] != "eof" || got[0] != w.code && !strings.HasPrefix(got[0], w.code+" ") {
					t.Errorf("%s: the peer saw %q, want %s", w.name, got, w.code)
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
	if o, c := opened.Load(), closes.Load(); o != c || o != int32(10+rounds*len(ways)) {
		t.Errorf("%d opened, %d OnClose", o, c)
	}
	ended, endedSilent := h.Stats().Ended, hasty.Stats().Ended
	for label, n := range labels {
		if got := ended[label] + endedSilent[label]; label != "" && label != "error" && got != n { // runtime.Goexit and OnOpen's errors: silent
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

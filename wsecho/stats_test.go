package wsecho_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/wsechotest"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// Each step of one life, and what has changed in the counters.
func TestStatsCount(t *testing.T) {
	for name, mode := range map[string]websocket.CompressionMode{"plain": 0, "compressed": websocket.CompressionContextTakeover} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &wsecho.Handler{Compression: mode, MaxSessions: 2, WriteLimit: -1, PingInterval: -1, WriteTimeout: -1}
				opts := &websocket.DialOptions{Subprotocols: []string{wsecho.DefaultSubprotocol}, CompressionMode: mode}
				want := wsecho.Stats{Refused: map[string]uint64{}, Ended: map[string]uint64{}}
				check := func(step string, change func()) {
					t.Helper()
					synctest.Wait()
					change()
					got := h.Stats()
					if got.Queued < 0 || got.Queued > 0 != (want.Queued > 0) {
						t.Errorf("%s: queued %d", step, got.Queued)
					}
					want.Queued = got.Queued
					if fmt.Sprint(got) != fmt.Sprint(want) {
						t.Fatalf("%s:\n%+v, want\n%+v", step, got, want)
					}
				}
				check("new", func() {})
				a := wsechotest.Dial(t, h, "/", opts)
				check("one opens", func() { want.Open, want.Opened = 1, 1 })
				b := wsechotest.Dial(t, h, "/", opts)
				check("another opens", func() { want.Open, want.Opened = 2, 2 })
				wsechotest.Refused(t, h, "/", opts)
				check("a third is refused", func() { want.Refused["capacity"] = 1 })
				wsechotest.Refused(t, h, "/", &websocket.DialOptions{})
				wsechotest.Refused(t, h, "/", &websocket.DialOptions{})
				check("so are two that offer nothing", func() { want.Refused["subprotocol"] = 2 })

				long := []byte(strings.Repeat("compressible ", 1000)) // 13,000 bytes
				a.Write(t.Context(), text, long)
				a.Read(t.Context())
				b.Write(t.Context(), websocket.MessageBinary, nil)
				b.Read(t.Context())
				check("two echoes", func() {
					want.MessagesIn, want.MessagesOut, want.BytesIn, want.BytesOut = 2, 2, 13_000, 13_000
				})
				go a.Ping(t.Context())
				a.CloseRead(t.Context())
				check("a ping is no message", func() {})

				incompressible := make([]byte, 500_000)
				for i := range incompressible {
					incompressible[i] = byte(rand.Uint32())
				}
				b.Write(t.Context(), websocket.MessageBinary, incompressible)
				check("an echo that is not read", func() {
					want.MessagesIn, want.MessagesOut, want.Queued = 3, 3, 1
					want.BytesIn, want.BytesOut = 513_000, 513_000
				})
				b.Read(t.Context())
				check("it is read", func() { want.Queued = 0 })

				for s := range h.Sessions() {
					s.Close(4000, "")
					if err := s.TryWrite(text, []byte("late")); err == nil {
						t.Error("TryWrite after Close")
					}
				}
				b.Read(t.Context())
				check("both are closed", func() { want.Open, want.Ended["closed"] = 0, 2 })
				h.Close()
				wsechotest.Refused(t, h, "/", opts)
				check("after Close", func() { want.Refused["shutdown"] = 1 })
			})
		})
	}
	t.Run("a snapshot is the caller's", func(t *testing.T) {
		h := &wsecho.Handler{}
		wsechotest.Refused(t, h, "/", &websocket.DialOptions{})
		st := h.Stats()
		st.Refused["subprotocol"], st.Ended["peer"] = 100, 100
		if now := h.Stats(); now.Refused["subprotocol"] != 1 || len(now.Ended) != 0 {
			t.Errorf("%+v", now)
		}
	})
}

// While hundreds of sessions open, talk and end in every way at once, every snapshot adds up, and in
// the end nothing is lost.
func TestStatsAddUp(t *testing.T) {
	const sessions = 300
	var in, out, bytesIn, bytesOut atomic.Uint64
	h := &wsecho.Handler{Logger: new(sessiontest.Log).Logger()}
	h.OnMessage = func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
		in.Add(1)
		bytesIn.Add(uint64(len(p)))
		if s.Write(ctx, typ, p) == nil {
			out.Add(1)
			bytesOut.Add(uint64(len(p)))
		}
		switch rand.IntN(20) {
		case 0:
			return errSecret
		case 1:
			panic(errSecret)
		case 2:
			s.Close(4000, "")
		case 3:
			return websocket.CloseError{Code: 4001}
		}
		return nil
	}
	e := serve(t, h)
	done := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() {
		for last := (wsecho.Stats{}); ; {
			st := h.Stats()
			if st.Opened != uint64(st.Open)+total(st.Ended) {
				t.Errorf("%d opened, %d open, %v ended", st.Opened, st.Open, st.Ended)
			}
			if st.MessagesIn < last.MessagesIn || st.MessagesOut < last.MessagesOut || st.BytesIn < last.BytesIn || st.BytesOut < last.BytesOut || st.Opened < last.Opened {
				t.Errorf("%+v, and before\n%+v", st, last)
			}
			last = st
			select {
			case <-done:
				return
			case <-time.After(time.Millisecond):
			}
		}
	})
	var wg sync.WaitGroup
	for worker := range 20 {
		wg.Go(func() {
			for range sessions / 20 {
				p := e.open(t)
				for i := range rand.IntN(30) {
					if p.Send(peer.Text(strings.Repeat("m", i*worker))) != nil {
						break
					}
					p.Next()
				}
				switch rand.IntN(3) {
				case 0:
					p.Send(peer.Close(1000, ""))
				case 1:
					p.Reset()
				}
				p.Close()
			}
		})
	}
	wg.Wait()
	if err := h.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	close(done)
	watcher.Wait()
	got, want := h.Stats(), wsecho.Stats{Opened: sessions, Refused: map[string]uint64{}, MessagesIn: in.Load(), MessagesOut: out.Load(), BytesIn: bytesIn.Load(), BytesOut: bytesOut.Load()}
	if total(got.Ended) != sessions {
		t.Errorf("ended %v", got.Ended)
	}
	if got.Ended = nil; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%+v, want\n%+v", got, want)
	}
}

// A service may publish Stats before it sets the Handler up.
func TestStatsBeforeTheFirstHandshake(t *testing.T) {
	h := &wsecho.Handler{}
	if st := h.Stats(); st.Open != 0 || count(h) != 0 {
		t.Errorf("%+v", st)
	}
	h.Subprotocols = []string{"later.v1"}
	h.OnMessage = onMessage(func(s *wsecho.Session) error { return s.TryWrite(text, []byte("later")) })
	c := wsechotest.Dial(t, h, "/", &websocket.DialOptions{Subprotocols: []string{"later.v1"}})
	c.Write(t.Context(), text, []byte("m"))
	if _, p, err := c.Read(t.Context()); string(p) != "later" {
		t.Errorf("%q, %v", p, err)
	}
}

// A message that a hook has been given counts, however long the hook takes.
func TestStatsWhileAHookRuns(t *testing.T) {
	over := make(chan struct{})
	h := &wsecho.Handler{}
	h.OnMessage = func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
		if string(p) == "c" {
			<-over
		}
		return s.Write(ctx, typ, p)
	}
	b := start(t, h)
	defer close(over)
	b.Peer.Send(slices.Concat(peer.Text("a"), peer.Text("b"), peer.Text("c")))
	for _, want := range []string{"text:a", "text:b"} {
		if got := b.Peer.Next(); got != want {
			t.Errorf("the peer saw %q", got)
		}
	}
	await.Poll(t, "c counts", func() bool { return h.Stats().MessagesIn == 3 })
}

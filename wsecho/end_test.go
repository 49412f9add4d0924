package wsecho_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
)

// What only a TCP socket can do to a session.

func TestPeerResets(t *testing.T) {
	b := start(t, &wsecho.Handler{})
	b.Peer.Reset()
	b.CheckHooks(t, sessiontest.End{Label: "lost", Err: func(err error) bool {
		var netErr net.Error
		return errors.Is(err, syscall.ECONNRESET) && errors.As(err, &netErr)
	}})
}

// A message and the end of the peer's side in one burst are one event for epoll.
func TestMessageAndFIN(t *testing.T) {
	for range 50 {
		got := make(chan string, 1)
		h := &wsecho.Handler{OnMessage: func(_ context.Context, _ *wsecho.Session, _ websocket.MessageType, p []byte) error {
			got <- string(p)
			return nil
		}}
		wsecho.ParkAfter(h, time.Millisecond)
		b := start(t, h)
		for range rand.IntN(20_000) { // so that some have parked, and some not
			runtime.Gosched()
		}
		b.Peer.Send(peer.Text("last"))
		b.Peer.CloseWrite()
		b.CheckHooks(t, sessiontest.End{Label: "lost", Err: func(err error) bool { return errors.Is(err, io.EOF) }})
		if len(got) != 1 {
			t.Fatal("the message was lost")
		}
	}
}

// The peer says goodbye and goes without reading what is still written to it: its close code is the
// cause, not our broken pipe (design section 3: 46 of 200 peers were recorded as reset).
func TestGoodbyeBeatsBrokenPipe(t *testing.T) {
	ends := make(chan error, 1)
	e := serve(t, &wsecho.Handler{
		OnOpen: func(s *wsecho.Session, _ *http.Request) error {
			s.Go(func(context.Context) error {
				for s.TryWrite(websocket.MessageBinary, make([]byte, 100)) == nil {
					runtime.Gosched()
				}
				return nil
			})
			return nil
		},
		OnClose: func(_ context.Context, _ *wsecho.Session, err error) { ends <- err },
	})
	for i := range 100 {
		p := e.open(t)
		p.Next()
		p.Send(peer.Join(peer.Text("hi"), peer.Close(1001, "")))
		p.Close() // with bytes unread: a reset
		if err := wait(t, "OnClose", ends); websocket.CloseStatus(err) != 1001 {
			t.Errorf("peer %d: %v", i, err)
		}
	}
}

// Write's error for a peer that is gone, returned by a hook, is not a hook's error.
func TestWriteErrorFromHook(t *testing.T) {
	b := start(t, &wsecho.Handler{OnMessage: func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
		for {
			if err := s.Write(ctx, typ, p); err != nil {
				if !errors.Is(err, net.ErrClosed) {
					t.Errorf("Write: %v", err)
				}
				return fmt.Errorf("secret: %w", err)
			}
		}
	}})
	b.Peer.Send(peer.Text("m"))
	b.Peer.Next()
	b.Peer.Reset()
	b.CheckHooks(t, sessiontest.End{Label: "lost"})
	if b.Log.Has("secret") {
		t.Errorf("logged as the hook's:\n%s", b.Log)
	}
}

// Each peer is told, even when nobody waits.
func TestEveryPeerIsTold(t *testing.T) {
	for name, end := range map[string]func(h *wsecho.Handler) error{
		"Shutdown":                     func(h *wsecho.Handler) error { return h.Shutdown(context.Background()) },
		"Shutdown with an expired ctx": func(h *wsecho.Handler) error { h.Shutdown(expired()); return nil },
		"Handler.Close":                (*wsecho.Handler).Close,
		"Shutdown and Close and Shutdown": func(h *wsecho.Handler) error {
			go h.Shutdown(context.Background())
			h.Close()
			return h.Shutdown(context.Background())
		},
	} {
		t.Run(name, func(t *testing.T) {
			const n = 60
			var ended atomic.Int32
			h := &wsecho.Handler{OnClose: func(_ context.Context, _ *wsecho.Session, err error) {
				if ended.Add(1); !errors.Is(err, wsecho.ErrShutdown) {
					t.Errorf("OnClose: %v", err)
				}
			}}
			wsecho.ParkAfter(h, 2*time.Millisecond)
			e := serve(t, h)
			var peers []*peer.Peer
			for range n {
				peers = append(peers, e.open(t))
			}
			sessiontest.Poll(t, "all are open", func() bool { return count(h) == n })
			done := make(chan error, 1)
			go func() { done <- end(h) }()
			for i, p := range peers {
				if got := p.Rest(); !slices.Equal(got, []string{"close:1001", "eof"}) {
					t.Errorf("peer %d saw %q", i, got)
				}
				p.Close()
			}
			if err := wait(t, "it returns", done); err != nil {
				t.Error(err)
			}
			sessiontest.Poll(t, "all have ended", func() bool { return ended.Load() == n && h.Stats().Open == 0 })
		})
	}
}

func expired() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func TestSignsOfLife(t *testing.T) {
	t.Run("a mute peer is pinged after 25 s and cut 10 s later", func(t *testing.T) {
		bubble(t, &wsecho.Handler{}, func(t *testing.T, b *sessiontest.Both) {
			b.Peer.Mute = true
			begin := time.Now()
			ping := b.Peer.Next()
			pinged := time.Since(begin)
			closing := b.Peer.Next()
			if !strings.HasPrefix(ping, "ping:") || pinged != 25*time.Second || !strings.HasPrefix(closing, "close:1011") || time.Since(begin) != 35*time.Second {
				t.Errorf("%q after %v, %q after %v", ping, pinged, closing, time.Since(begin))
			}
			if err := wait(t, "OnClose", b.Ended); !errors.Is(err, wsecho.ErrPongTimeout) {
				t.Error(err)
			}
		})
	})
	// reads answers pings until the end, and counts them.
	reads := func(p *peer.Peer, pings *atomic.Int32) {
		for {
			switch m := p.Next(); {
			case strings.HasPrefix(m, "ping:"):
				pings.Add(1)
			case !strings.HasPrefix(m, "text:"):
				return
			}
		}
	}
	t.Run("a peer that answers lives on", func(t *testing.T) {
		bubble(t, &wsecho.Handler{}, func(t *testing.T, b *sessiontest.Both) {
			var pings atomic.Int32
			go reads(b.Peer, &pings)
			time.Sleep(time.Hour)
			if n := pings.Load(); len(b.Ended) > 0 || n < 140 || n > 144 {
				t.Errorf("%d pings in an hour, ended: %d", n, len(b.Ended))
			}
		})
	})
	t.Run("any byte counts as life", func(t *testing.T) {
		bubble(t, &wsecho.Handler{}, func(t *testing.T, b *sessiontest.Both) {
			b.Peer.Mute = true
			message := peer.Text(strings.Repeat("slow", 10))
			for i := range 20 {
				if m := b.Peer.Next(); !strings.HasPrefix(m, "ping:") {
					t.Fatalf("the peer saw %q", m)
				}
				b.Peer.Send(message[i : i+1])
			}
		})
	})
	t.Run("PingInterval negative: no pings", func(t *testing.T) {
		bubble(t, &wsecho.Handler{PingInterval: -1}, func(t *testing.T, b *sessiontest.Both) {
			b.Peer.Timeout = 100 * time.Hour
			if m := b.Peer.Next(); m != "timeout" || len(b.Ended) > 0 {
				t.Errorf("the peer saw %q", m)
			}
		})
	})
	t.Run("PongTimeout negative: pings may stay unanswered", func(t *testing.T) {
		bubble(t, &wsecho.Handler{PongTimeout: -1}, func(t *testing.T, b *sessiontest.Both) {
			b.Peer.Mute = true
			for range 100 {
				if m := b.Peer.Next(); !strings.HasPrefix(m, "ping:") {
					t.Fatalf("the peer saw %q", m)
				}
			}
		})
	})
	t.Run("a long hook does not cost a live peer its session, over a pipe", func(t *testing.T) {
		h := &wsecho.Handler{WriteTimeout: -1, OnMessage: func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
			time.Sleep(time.Hour)
			return s.Write(ctx, typ, p)
		}}
		bubble(t, h, func(t *testing.T, b *sessiontest.Both) {
			b.Send(peer.Text("m"))
			for m := b.Peer.Next(); m != "text:m"; m = b.Peer.Next() {
				if !strings.HasPrefix(m, "ping:") {
					t.Fatalf("the peer saw %q", m)
				}
			}
		})
	})
	t.Run("nor over TCP", func(t *testing.T) {
		var pings atomic.Int32
		b := start(t, &wsecho.Handler{PingInterval: 20 * time.Millisecond, PongTimeout: 500 * time.Millisecond, OnMessage: onMessage(func(s *wsecho.Session) error {
			for begin := time.Now(); pings.Load() < 5 || time.Since(begin) < 1200*time.Millisecond; time.Sleep(time.Millisecond) {
				if s.Context().Err() != nil {
					return nil
				}
			}
			return s.TryWrite(text, []byte("done"))
		})})
		b.Send(peer.Text("m"))
		for m := b.Peer.Next(); m != "text:done"; m = b.Peer.Next() {
			if pings.Add(1); !strings.HasPrefix(m, "ping:") {
				t.Fatalf("the peer saw %q", m)
			}
		}
	})
	t.Run("a dead one ends the context while the hook runs", func(t *testing.T) {
		b := start(t, &wsecho.Handler{PingInterval: 20 * time.Millisecond, PongTimeout: 20 * time.Millisecond, OnMessage: onMessage(func(s *wsecho.Session) error {
			wait(t, "the context's end", s.Context().Done())
			return nil
		})})
		b.Peer.Mute = true
		b.Send(peer.Text("m"))
		b.Check(t, sessiontest.End{Code: 1011, Reason: "*", Label: "pong_timeout", Err: func(err error) bool { return errors.Is(err, wsecho.ErrPongTimeout) }})
	})
}

// Any progress counts, however small.
func TestWriteTimeoutCountsProgress(t *testing.T) {
	for _, step := range []int{20_000, 100} {
		t.Run(fmt.Sprintf("%d bytes in 9 s", step), func(t *testing.T) {
			bubble(t, &wsecho.Handler{PingInterval: -1}, func(t *testing.T, b *sessiontest.Both) {
				b.Peer.Conn.SetReadDeadline(time.Time{}) // the handshake's
				if err := b.Session.TryWrite(websocket.MessageBinary, make([]byte, 50*step)); err != nil {
					t.Fatal(err)
				}
				for i := range 40 {
					time.Sleep(9 * time.Second)
					if _, err := io.ReadFull(b.Peer.Conn, make([]byte, step)); err != nil {
						t.Fatalf("a reader that makes progress was cut after %d steps: %v", i, <-b.Ended)
					}
				}
				begin := time.Now()
				if err := <-b.Ended; !errors.Is(err, wsecho.ErrWriteTimeout) {
					t.Error(err)
				}
				if d := time.Since(begin); d > 20*time.Second { // a write that took some, and one that took none
					t.Errorf("cut after %v", d)
				}
			})
		})
	}
}

func TestShutdownInTime(t *testing.T) {
	// open opens n sessions over pipes; each peer tells when it saw its close frame.
	open := func(t *testing.T, h *wsecho.Handler, n int, mute bool) (closed chan time.Duration) {
		h.Logger = slog.New(slog.DiscardHandler)
		dial, begin := overHalfPipe.Serve(t, h), time.Now()
		closed = make(chan time.Duration, n)
		for range n {
			_, _, p := dial(t, http.Header{"Sec-Websocket-Protocol": {wsecho.DefaultSubprotocol}})
			p.Timeout, p.Mute = 1000*time.Hour, mute
			go func() {
				for m := ""; m != "eof"; {
					switch m = p.Next(); {
					case m == "close:1001":
						closed <- time.Since(begin)
					case m != "eof" && !strings.HasPrefix(m, "ping:"):
						t.Errorf("a peer saw %q", m)
						return
					}
				}
				if !mute {
					p.Close()
				}
			}()
		}
		synctest.Wait()
		if got := h.Stats().Open; got != n {
			t.Fatalf("%d are open", got)
		}
		return closed
	}
	t.Run("when ctx ends it cuts what is left and returns its error", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var ended atomic.Int32
			h := &wsecho.Handler{CloseTimeout: time.Hour, OnClose: func(_ context.Context, _ *wsecho.Session, err error) {
				if ended.Add(1); !errors.Is(err, wsecho.ErrShutdown) {
					t.Error(err)
				}
			}}
			open(t, h, 10, true)
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			begin := time.Now()
			if err := h.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != time.Minute {
				t.Errorf("%v after %v", err, time.Since(begin))
			}
			time.Sleep(time.Second)
			if n := h.Stats().Open; n != 0 || ended.Load() != 10 {
				t.Errorf("%d are open, OnClose ran %d times", n, ended.Load())
			}
		})
	})
	t.Run("over DrainSpread", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			h := &wsecho.Handler{DrainSpread: 100 * time.Second}
			closed := open(t, h, 20, false)
			if err := h.Shutdown(context.Background()); err != nil {
				t.Error(err)
			}
			var last time.Duration
			gaps := map[time.Duration]bool{}
			for i := range 20 {
				at := <-closed
				if gap := at - last; gap > 15*time.Second || at > 101*time.Second {
					t.Errorf("peer %d was told %v after the one before, at %v", i, gap, at)
				}
				gaps[at-last] = true
				last = at
			}
			if last < 85*time.Second || len(gaps) < 10 {
				t.Errorf("the last was told after %v, in %d different gaps: no spread, or no jitter", last, len(gaps))
			}
		})
	})
	t.Run("DrainSpread is cut short so that the last session still has CloseTimeout", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			h := &wsecho.Handler{DrainSpread: 100 * time.Second}
			closed := open(t, h, 20, true)
			ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
			defer cancel()
			if err := h.Shutdown(ctx); err != nil {
				t.Error(err)
			}
			for range 20 {
				if at := <-closed; at > 10*time.Second {
					t.Errorf("a peer was told after %v", at)
				}
			}
		})
	})
}

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
	before := runtime.NumGoroutine()
	type state struct {
		closed  atomic.Bool
		running atomic.Int32
	}
	var opened, closes atomic.Int32
	h := &wsecho.Handler{PingInterval: time.Second, PongTimeout: time.Second, WriteTimeout: 300 * time.Millisecond, CloseTimeout: 300 * time.Millisecond, ReadLimit: 1 << 16}
	wsecho.ParkAfter(h, 5*time.Millisecond)
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
	e := serve(t, h)

	var bystanders, storm sync.WaitGroup
	over := make(chan struct{})
	for i := range 10 {
		p := e.open(t)
		bystanders.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-over:
					p.Send(peer.Close(1000, ""))
					if got := p.Rest(); !slices.Equal(got, []string{"close:1000", "eof"}) {
						t.Errorf("a bystander ended with %q", got)
					}
					p.Close()
					return
				default:
				}
				want := fmt.Sprintf("text:%d of %d", n, i)
				p.Send(peer.Text(want[5:]))
				got := p.Next()
				for strings.HasPrefix(got, "ping:") {
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
	const rounds = 15
	labels := map[string]uint64{"peer": 10} // the bystanders
	for range rounds {
		for _, w := range ways {
			labels[w.label]++
			storm.Go(func() {
				p := e.open(t)
				defer p.Close()
				if send := w.send; send != nil {
					p.Send(send)
				} else if w.then == nil || w.code != "" {
					p.Send(peer.Text(w.name))
				}
				if w.then != nil {
					w.then(p)
				}
				if w.name == "flood" {
					for h.Stats().Ended["write_timeout"] < rounds {
						time.Sleep(10 * time.Millisecond)
						if t.Failed() {
							return
						}
					}
				}
				if w.code == "" {
					return
				}
				got := slices.DeleteFunc(p.Rest(), func(m string) bool { return strings.HasPrefix(m, "ping:") })
				if len(got) != 2 || got[1] != "eof" || got[0] != w.code && !strings.HasPrefix(got[0], w.code+" ") {
					t.Errorf("%s: the peer saw %q, want %s", w.name, got, w.code)
				}
			})
		}
		storm.Go(func() {
			p := e.open(t, "X-Open: error")
			if got := p.Rest(); !slices.Equal(got, []string{"close:1011", "eof"}) {
				t.Errorf("a failed OnOpen: the peer saw %q", got)
			}
			p.Close()
		})
	}
	storm.Wait()
	close(over)
	bystanders.Wait()
	sessiontest.Poll(t, "nothing is left", func() bool { return h.Stats().Open == 0 })
	if o, c := opened.Load(), closes.Load(); o != c || o != int32(10+rounds*len(ways)) {
		t.Errorf("%d opened, %d OnClose", o, c)
	}
	ended := h.Stats().Ended
	for label, n := range labels {
		if got := ended[label]; label != "" && label != "error" && got != n { // runtime.Goexit and OnOpen's errors: silent
			t.Errorf("%d ended as %s, want %d", got, label, n)
		}
	}
	if err := h.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	e.srv.Close()
	sessiontest.Poll(t, "as many goroutines as before", func() bool { return runtime.NumGoroutine() <= before })
}

// TestShutdownDuringHandshakes: no session is missed, and none opens after.
func TestShutdownDuringHandshakes(t *testing.T) {
	var current atomic.Pointer[wsecho.Handler]
	var arrived, upgraded, refused atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived.Add(1)
		current.Load().ServeHTTP(w, r)
	}))
	defer srv.Close()
	for round := range 200 {
		var opened, closes atomic.Int32
		var down atomic.Bool
		h := &wsecho.Handler{
			OnOpen: func(*wsecho.Session, *http.Request) error {
				if down.Load() {
					t.Error("a session opened after Shutdown had returned")
				}
				opened.Add(1)
				return nil
			},
			OnClose: func(_ context.Context, _ *wsecho.Session, err error) {
				if closes.Add(1); !errors.Is(err, wsecho.ErrShutdown) {
					t.Errorf("OnClose: %v", err)
				}
			},
			Logger: slog.New(slog.DiscardHandler),
		}
		current.Store(h)
		arrived.Store(0)
		var clients sync.WaitGroup
		for range 6 {
			clients.Go(func() {
				c, err := net.Dial("tcp", srv.Listener.Addr().String())
				if err != nil {
					t.Error(err)
					return
				}
				defer c.Close()
				p, answer, err := peer.Handshake(c, peer.Request{})
				switch {
				case err != nil:
					t.Error(err)
				case answer.StatusCode == 503:
					refused.Add(1)
				case answer.StatusCode != 101:
					t.Error(answer.Status)
				default:
					upgraded.Add(1)
					if got := p.Rest(); !slices.Equal(got, []string{"close:1001", "eof"}) {
						t.Errorf("round %d: the peer saw %q", round, got)
					}
				}
			})
		}
		for begin := int32(rand.IntN(7)); arrived.Load() < begin; {
			runtime.Gosched()
		}
		if err := h.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		down.Store(true)
		if o, c := opened.Load(), closes.Load(); o != c || h.Stats().Open != 0 || count(h) != 0 {
			t.Errorf("round %d: %d opened, %d OnClose, %d open", round, o, c, h.Stats().Open)
		}
		clients.Wait()
		if o, c := opened.Load(), closes.Load(); o != c {
			t.Errorf("round %d, after the clients: %d opened, %d OnClose", round, o, c)
		}
	}
	if u, r := upgraded.Load(), refused.Load(); u < 100 || r < 100 {
		t.Errorf("no storm: %d upgraded, %d refused", u, r)
	}
}

// spy is a ResponseWriter that keeps weak pointers to what net/http gives up with a connection.
type spy struct {
	http.ResponseWriter
	seen func(*bufio.ReadWriter)
}

func (s spy) Unwrap() http.ResponseWriter { return s.ResponseWriter }
func (s spy) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, brw, err := http.NewResponseController(s.ResponseWriter).Hijack()
	if err == nil {
		s.seen(brw)
	}
	return c, brw, err
}

// An idle session has one goroutine, or none once it is parked, and nothing of net/http's.
func TestWhatAnIdleSessionHolds(t *testing.T) {
	const n = 100
	var mu sync.Mutex
	var readers []weak.Pointer[bufio.Reader]
	var writers []weak.Pointer[bufio.Writer]
	var requests []weak.Pointer[http.Request]
	for _, parks := range []bool{false, true} {
		h := &wsecho.Handler{}
		wsecho.ParkAfter(h, time.Hour)
		if parks {
			wsecho.ParkAfter(h, time.Millisecond)
		}
		e := serve(t, h, func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				requests = append(requests, weak.Make(r))
				mu.Unlock()
				next.ServeHTTP(spy{w, func(brw *bufio.ReadWriter) {
					mu.Lock()
					defer mu.Unlock()
					readers, writers = append(readers, weak.Make(brw.Reader)), append(writers, weak.Make(brw.Writer))
				}}, r)
			})
		})
		before := runtime.NumGoroutine()
		for range n {
			p := e.open(t)
			p.Send(peer.Text("m"))
			if got := p.Next(); got != "text:m" {
				t.Fatalf("the peer saw %q", got)
			}
		}
		most := n
		if parks && runtime.GOOS == "linux" {
			most = 0
		}
		sessiontest.Poll(t, fmt.Sprintf("%d sessions have %d goroutines", n, most), func() bool {
			return runtime.NumGoroutine() <= before+most+2 // and one that waits for those that are parked
		})
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		if bytes.Contains(stacks, []byte("net/http.(*conn).serve")) {
			t.Errorf("goroutines of net/http are left:\n%s", stacks)
		}
		if h.Stats().Open != n {
			t.Errorf("%d are open", h.Stats().Open)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(requests) != 2*n || len(readers) != 2*n {
		t.Fatalf("%d requests, %d readers", len(requests), len(readers))
	}
	sessiontest.Poll(t, "all of net/http's is collected", func() bool {
		runtime.GC()
		for i := range 2 * n {
			if readers[i].Value() != nil || writers[i].Value() != nil || requests[i].Value() != nil {
				return false
			}
		}
		return true
	})
}

package wsecho_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/wsechotest/await"
	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// One session's hooks never overlap.
func TestHooksOfOneSessionDoNotOverlap(t *testing.T) {
	var inside, ran atomic.Int32
	enter := func() func() {
		if ran.Add(1); inside.Add(1) != 1 {
			t.Error("two hooks at once")
		}
		for range 100 {
			runtime.Gosched()
		}
		return func() { inside.Add(-1) }
	}
	sent := make(chan struct{})
	h := &wsecho.Handler{
		OnOpen:    func(*wsecho.Session, *http.Request) error { defer enter()(); <-sent; return nil },
		OnMessage: onMessage(func(*wsecho.Session) error { defer enter()(); return nil }),
		OnClose:   func(context.Context, *wsecho.Session, error) { defer enter()() },
	}
	b := start(t, h)
	b.Send(bytes.Repeat(peer.Text("m"), 200))
	close(sent)
	await.Poll(t, "some messages have come", func() bool { return ran.Load() > 50 })
	for range 4 {
		go b.Session.Close(4000, "")
	}
	b.Check(t, sessiontest.End{Code: 4000, Label: "closed"})
}

// Those of different sessions run concurrently.
func TestHooksOfDifferentSessionsRunConcurrently(t *testing.T) {
	var both sync.WaitGroup
	both.Add(2)
	e := serve(t, &wsecho.Handler{OnMessage: onMessage(func(s *wsecho.Session) error {
		both.Done()
		both.Wait()
		return s.TryWrite(text, []byte("met"))
	})})
	a, b := e.open(t), e.open(t)
	a.Send(peer.Text("m"))
	b.Send(peer.Text("m"))
	if a, b := a.Next(), b.Next(); a != "text:met" || b != "text:met" {
		t.Errorf("%s, %s", a, b)
	}
}

// None runs with a lock of ours held.
func TestNoHookRunsUnderALockOfOurs(t *testing.T) {
	h := &wsecho.Handler{}
	try := func(s *wsecho.Session) { // in a goroutine of its own, which the hook waits for
		done := make(chan struct{})
		go func() {
			defer close(done)
			h.Stats()
			for s := range h.Sessions() {
				s.TryWrite(text, []byte("s"))
			}
			if s != nil {
				s.TryWrite(text, []byte("t"))
				s.Write(context.Background(), text, []byte("w"))
				s.Go(func(context.Context) error { return nil })
			}
		}()
		await.Value(t, "the calls of a hook return", done)
	}
	h.OnOpen = func(s *wsecho.Session, _ *http.Request) error { try(s); return nil }
	h.OnMessage = onMessage(func(s *wsecho.Session) error { try(s); s.Close(1000, ""); try(s); return nil })
	h.OnClose = func(_ context.Context, s *wsecho.Session, _ error) { try(s); s.Close(1000, "") }
	h.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, err error) { try(nil); w.WriteHeader(400) }
	e := serve(t, h)
	p := e.open(t)
	p.Send(peer.Text("m"))
	if got := p.Rest(); got[len(got)-2] != "close:1000" {
		t.Errorf("the peer saw %q", got)
	}
	p.Close()
	e.shake(t, peer.Request{Method: "POST"})
}

// Nothing is handed to hooks meanwhile.
func TestNothingIsHandedToHooksMeanwhile(t *testing.T) {
	var ran atomic.Int32
	h := &wsecho.Handler{PingInterval: -1, OnMessage: onMessage(func(s *wsecho.Session) error {
		ran.Add(1)
		time.Sleep(time.Hour)
		return nil
	})}
	bubble(t, h, func(t *testing.T, b *sessiontest.Both) {
		b.Send(bytes.Repeat(peer.Text("m"), 3), peer.Close(1000, ""))
		for want := range int32(3) {
			synctest.Wait()
			if got := ran.Load(); got != want+1 {
				t.Errorf("%d hooks have begun, want %d", got, want+1)
			}
			time.Sleep(time.Hour)
		}
		b.Check(t, sessiontest.End{Code: 1000, Reason: "*", Label: "peer"})
	})
}

func TestOnOpenThatFailsCleansUpAfterItself(t *testing.T) {
	for _, c := range []struct {
		name   string
		open   func(s *wsecho.Session) error
		frames []string
		logged bool
	}{
		{"an error", func(s *wsecho.Session) error { return errSecret }, []string{"close:1011"}, true},
		{"a CloseError", func(s *wsecho.Session) error { return websocket.CloseError{Code: 4001, Reason: "no"} }, []string{"close:4001 no"}, false},
		{"a wrapped CloseError", func(s *wsecho.Session) error {
			return fmt.Errorf("secret: %w", websocket.CloseError{Code: 4001, Reason: "no"})
		}, []string{"close:1011"}, true},
		{"a panic", func(s *wsecho.Session) error { panic("secret") }, []string{"close:1011"}, true},
		{"runtime.Goexit", func(s *wsecho.Session) error { runtime.Goexit(); return nil }, []string{"close:1011"}, false},
		{"last words", func(s *wsecho.Session) error { s.TryWrite(text, []byte("sorry")); return errSecret }, []string{"text:sorry", "close:1011"}, true},
		{"Close, then an error", func(s *wsecho.Session) error { s.Close(4000, "first"); return errSecret }, []string{"close:4000 first"}, false},
	} {
		t.Run("an OnOpen that fails or panics cleans up after itself: "+c.name, func(t *testing.T) {
			var returned atomic.Bool
			h := &wsecho.Handler{
				OnOpen: func(s *wsecho.Session, _ *http.Request) error {
					s.Go(func(ctx context.Context) error { <-ctx.Done(); returned.Store(true); return nil })
					return c.open(s)
				},
				OnMessage: onMessage(func(*wsecho.Session) error { t.Error("OnMessage ran"); return nil }),
				OnClose:   func(context.Context, *wsecho.Session, error) { t.Error("OnClose ran") },
			}
			e := serve(t, h)
			p := e.open(t)
			p.Send(peer.Text("m"))
			if got := p.Rest(); !slices.Equal(got, append(c.frames, "eof")) {
				t.Errorf("the peer saw %q", got)
			}
			p.Close()
			await.Poll(t, "the session is gone", func() bool { return h.Stats().Open == 0 })
			for range h.Sessions() {
				t.Error("Sessions lists it")
			}
			await.Poll(t, "the function of Go has returned", returned.Load)
			if got := e.log.Has("level=ERROR", "secret"); got != c.logged {
				t.Errorf("logged as an error is %t, want %t:\n%s", got, c.logged, e.log)
			}
		})
	}
}

// OnClose runs exactly once for every session whose OnOpen returned nil or is nil.
func TestOnCloseRunsOnceForEachOnOpen(t *testing.T) {
	leaktest.Beside(t)
	for _, open := range []func(*wsecho.Session, *http.Request) error{nil, func(*wsecho.Session, *http.Request) error { return nil }} {
		var closes sync.Map
		var n atomic.Int32
		e := serve(t, &wsecho.Handler{OnOpen: open, CloseTimeout: 100 * time.Millisecond, OnClose: func(_ context.Context, s *wsecho.Session, _ error) {
			if _, again := closes.LoadOrStore(s, true); again {
				t.Error("OnClose twice")
			}
			n.Add(1)
		}})
		for i := range 20 {
			switch p := e.open(t); i % 3 {
			case 0:
				p.Close()
			case 1:
				p.Send(peer.Close(1000, ""))
				p.Send(peer.Close(1000, ""))
			}
		}
		await.Poll(t, "all have opened", func() bool { return e.Stats().Opened == 20 })
		if err := e.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		if n.Load() != 20 {
			t.Errorf("OnClose ran %d times for 20 sessions: %+v", n.Load(), e.Stats())
		}
	}
}

// Close in OnOpen.
func TestCloseInOnOpen(t *testing.T) {
	b := start(t, &wsecho.Handler{OnOpen: func(s *wsecho.Session, _ *http.Request) error { s.Close(4000, "full"); return nil }})
	b.Check(t, sessiontest.End{Code: 4000, Reason: "full", Label: "closed"})
}

// A session is listed by Sessions from then until OnClose has returned.
func TestSessionIsListedUntilOnCloseHasReturned(t *testing.T) {
	h := &wsecho.Handler{}
	listed := func(s *wsecho.Session) bool {
		for x := range h.Sessions() {
			if x == s {
				return true
			}
		}
		return false
	}
	expect := func(where string, s *wsecho.Session, want bool) {
		if got := listed(s); got != want {
			t.Errorf("listed %s is %t, want %t", where, got, want)
		}
	}
	h.OnOpen = func(s *wsecho.Session, _ *http.Request) error { expect("in OnOpen", s, false); return nil }
	h.OnMessage = onMessage(func(s *wsecho.Session) error { expect("in OnMessage", s, true); return nil })
	h.OnClose = func(_ context.Context, s *wsecho.Session, _ error) { expect("in OnClose", s, true) }
	b := start(t, h)
	b.Send(peer.Text("m"), peer.Close(1000, ""))
	b.Check(t, sessiontest.End{Code: 1000, Reason: "*", Label: "peer"})
	await.Poll(t, "it is listed no more", func() bool { return !listed(b.Session) })
}

func TestHookThatLeavesItsGoroutine(t *testing.T) {
	t.Run("in OnMessage", func(t *testing.T) {
		b := start(t, &wsecho.Handler{OnMessage: onMessage(func(*wsecho.Session) error { runtime.Goexit(); return nil })})
		b.Send(peer.Text("m"), peer.Text("never"))
		b.CheckPeer(t, sessiontest.End{Code: 1011})
		b.Peer.Close()
		if err := await.Value(t, "OnClose", b.Ended); err == nil {
			t.Error("OnClose got no error")
		}
		b.Gone(t)
	})
	for name, leave := range map[string]func(){"runtime.Goexit": runtime.Goexit, "a panic": func() { panic("in OnClose") }} {
		t.Run("in OnClose: "+name, func(t *testing.T) {
			b := start(t, &wsecho.Handler{OnClose: func(context.Context, *wsecho.Session, error) { leave() }})
			b.Send(peer.Close(1000, ""))
			b.Check(t, sessiontest.End{Code: 1000, Reason: "*", Label: "peer"})
			if err := b.Handler.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
			if name == "a panic" && !b.Log.Has("level=ERROR", "in OnClose", "wsecho_test.") {
				t.Errorf("not logged with its stack:\n%s", b.Log)
			}
		})
	}
}

// What a hook did wrong is logged at once, though OnClose waits for a function of Go that hangs.
func TestFailureIsLoggedThoughGoHangs(t *testing.T) {
	release := make(chan struct{})
	b := start(t, &wsecho.Handler{
		OnOpen: func(s *wsecho.Session, _ *http.Request) error {
			s.Go(func(context.Context) error { <-release; return nil })
			return nil
		},
		OnMessage: onMessage(func(*wsecho.Session) error { panic("secret") }),
	})
	b.Send(peer.Text("m"))
	await.Poll(t, "the panic is logged", func() bool { return b.Log.Has("level=ERROR", "secret", "wsecho_test.") })
	if len(b.Ended) > 0 {
		t.Error("OnClose did not wait")
	}
	close(release)
	b.Check(t, sessiontest.End{Code: 1011, Label: "panic"})
}

package wsecho_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
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

// What hooks return after the first cause is neither the cause nor logged.
func TestFirstCauseDecides(t *testing.T) {
	h := &wsecho.Handler{OnMessage: onMessage(func(s *wsecho.Session) error {
		s.Close(4000, "first")
		s.Close(4001, "second")
		s.Go(func(context.Context) error { t.Error("Go ran after the end"); return nil })
		return errSecret
	})}
	h.OnOpen = func(s *wsecho.Session, _ *http.Request) error {
		s.Go(func(ctx context.Context) error { <-ctx.Done(); return errSecret })
		return nil
	}
	b := start(t, h)
	b.Send(peer.Text("m"))
	b.Check(t, sessiontest.End{Code: 4000, Reason: "first", Label: "closed", Err: func(err error) bool {
		return errors.Is(err, websocket.CloseError{Code: 4000, Reason: "first"})
	}})
	if b.Log.Has("secret") {
		t.Errorf("logged:\n%s", b.Log)
	}
}

// A panic still is logged.
func TestPanicAfterTheCauseIsLogged(t *testing.T) {
	b := start(t, &wsecho.Handler{OnMessage: onMessage(func(s *wsecho.Session) error { s.Close(4000, ""); panic("late panic") })})
	b.Send(peer.Text("m"))
	b.Check(t, sessiontest.End{Code: 4000, Label: "closed"})
	if !b.Log.Has("level=ERROR", "late panic", "wsecho_test.") {
		t.Errorf("not logged:\n%s", b.Log)
	}
}

// The context ends and no OnMessage begins.
func TestNoMessageIsHandedOnAfterTheCause(t *testing.T) {
	for _, how := range []func(s *wsecho.Session) error{
		func(s *wsecho.Session) error { s.Close(4000, ""); return nil },
		func(s *wsecho.Session) error { return websocket.CloseError{Code: 4000} },
		func(s *wsecho.Session) error {
			s.Go(func(context.Context) error { return websocket.CloseError{Code: 4000} })
			<-s.Context().Done()
			return nil
		},
	} {
		var ran atomic.Int32
		b := start(t, &wsecho.Handler{OnMessage: onMessage(func(s *wsecho.Session) error { ran.Add(1); return how(s) })})
		b.Send(bytes.Repeat(peer.Text("m"), 100))
		b.CheckPeer(t, sessiontest.End{Code: 4000})
		b.Peer.Close()
		await.Value(t, "OnClose", b.Ended)
		await.Value(t, "the context's end", b.Session.Context().Done())
		if ran.Load() != 1 {
			t.Errorf("OnMessage ran %d times", ran.Load())
		}
	}
}

// The running hook returns, functions started by Go return, OnClose runs.
func TestOnCloseWaitsForHooksAndGo(t *testing.T) {
	for _, slow := range []string{"hook", "go"} {
		var order []string
		var mu sync.Mutex
		did := func(what string) {
			if what == slow {
				time.Sleep(time.Hour)
			}
			mu.Lock()
			defer mu.Unlock()
			order = append(order, what)
		}
		h := &wsecho.Handler{
			OnOpen: func(s *wsecho.Session, _ *http.Request) error {
				s.Go(func(ctx context.Context) error { <-ctx.Done(); did("go"); return nil })
				return nil
			},
			OnMessage: onMessage(func(s *wsecho.Session) error { <-s.Context().Done(); did("hook"); return nil }),
			OnClose:   func(context.Context, *wsecho.Session, error) { did("OnClose") },
		}
		bubble(t, h, func(t *testing.T, b *sessiontest.Both) {
			b.Send(peer.Text("m"))
			synctest.Wait()
			b.Session.Close(4000, "")
			end := sessiontest.End{Code: 4000, Label: "closed"}
			b.CheckPeer(t, end)
			b.Peer.Close()
			time.Sleep(2 * time.Hour)
			b.CheckHooks(t, end)
			if len(order) != 3 || order[2] != "OnClose" {
				t.Errorf("slow %s: the order was %q", slow, order)
			}
		})
	}
}

// The close handshake goes on alongside.
func TestCloseHandshakeDoesNotWaitForHooks(t *testing.T) {
	release := make(chan struct{})
	b := start(t, &wsecho.Handler{OnMessage: onMessage(func(s *wsecho.Session) error { s.Close(4000, ""); <-release; return nil })})
	b.Send(peer.Text("m"))
	b.CheckPeer(t, sessiontest.End{Code: 4000}) // while the hook runs
	close(release)
	await.Value(t, "OnClose, though the peer keeps its side open", b.Ended)
}

// A session counts until OnClose has returned.
func TestSessionCountsUntilOnCloseHasReturned(t *testing.T) {
	in, release := make(chan struct{}), make(chan struct{})
	h := &wsecho.Handler{MaxSessions: 1, OnClose: func(context.Context, *wsecho.Session, error) { close(in); <-release }}
	e := serve(t, h)
	p := e.open(t)
	p.Send(peer.Close(1000, ""))
	p.Rest()
	p.Close()
	await.Value(t, "OnClose", in)
	if n := h.Stats().Open; n != 1 {
		t.Errorf("Stats().Open is %d", n)
	}
	if _, answer, _ := e.shake(t, peer.Request{}); answer.StatusCode != 503 {
		t.Errorf("past MaxSessions: %s", answer.Status)
	}
	down := make(chan error, 1)
	go func() { down <- h.Shutdown(context.Background()) }()
	untilShut(t, e)
	select {
	case <-down:
		t.Error("Shutdown did not wait for OnClose")
	default:
	}
	close(release)
	if err := await.Value(t, "Shutdown", down); err != nil {
		t.Error(err)
	}
}

// A session counts while the peer may answer.
func TestSessionCountsWhileThePeerMayAnswer(t *testing.T) {
	bubble(t, &wsecho.Handler{MaxSessions: 1, CloseTimeout: time.Hour}, func(t *testing.T, b *sessiontest.Both) {
		b.Peer.Mute = true
		b.Session.Close(4000, "")
		if m := b.Peer.Next(); m != "close:4000" {
			t.Errorf("the peer saw %q", m)
		}
		await.Value(t, "OnClose", b.Ended) // within fake time far shorter than CloseTimeout
		synctest.Wait()
		if n := b.Handler.Stats().Open; n != 1 {
			t.Errorf("Stats().Open is %d while the peer may still answer", n)
		}
		if count(b.Handler) > 0 {
			t.Error("Sessions lists it after OnClose")
		}
		down := make(chan error, 1)
		go func() { down <- b.Handler.Shutdown(context.Background()) }()
		synctest.Wait()
		if len(down) > 0 {
			t.Error("Shutdown did not wait for the connection")
		}
		b.Peer.Close()
		synctest.Wait()
		if n := b.Handler.Stats().Open; n != 0 || len(down) != 1 {
			t.Errorf("Stats().Open is %d, Shutdown has returned: %d", n, len(down))
		}
	})
}

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
// cause, not our broken pipe.
func TestGoodbyeBeatsBrokenPipe(t *testing.T) {
	leaktest.Beside(t)
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
		if err := await.Value(t, "OnClose", ends); websocket.CloseStatus(err) != 1001 {
			t.Errorf("peer %d: %v", i, err)
		}
	}
}

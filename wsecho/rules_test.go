package wsecho_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
)

// The rules that a caller relies on, each test named by the words of its rule (design section 1).

const text = websocket.MessageText

var errSecret = errors.New("secret")

// start opens a session over TCP.
func start(t *testing.T, h *wsecho.Handler) *sessiontest.Both {
	t.Helper()
	return sessiontest.Start(t, overTCP, h, false)
}

// bubble runs test with a session over a pipe in memory, in fake time. A peer there buffers
// nothing: what it does not read waits.
func bubble(t *testing.T, h *wsecho.Handler, test func(t *testing.T, b *sessiontest.Both)) {
	synctest.Test(t, func(t *testing.T) {
		b := sessiontest.Start(t, overHalfPipe, h, false)
		b.Peer.Timeout = 1000 * time.Hour
		defer b.Peer.Close()
		test(t, b)
	})
}

// onMessage is a MessageFunc that needs only the session.
func onMessage(f func(s *wsecho.Session) error) wsecho.MessageFunc {
	return func(_ context.Context, s *wsecho.Session, _ websocket.MessageType, _ []byte) error { return f(s) }
}

// wait gives up after 20 s.
func wait[T any](t testing.TB, what string, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(20 * time.Second):
		t.Errorf("never: %s", what)
	}
	return v
}

func TestHooksRule(t *testing.T) {
	t.Run("one session's hooks never overlap", func(t *testing.T) {
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
		sessiontest.Poll(t, "some messages have come", func() bool { return ran.Load() > 50 })
		for range 4 {
			go b.Session.Close(4000, "")
		}
		b.Check(t, sessiontest.End{Code: 4000, Label: "closed"})
	})
	t.Run("those of different sessions run concurrently", func(t *testing.T) {
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
	})
	t.Run("none runs with a lock of ours held", func(t *testing.T) {
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
			wait(t, "the calls of a hook return", done)
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
	})
	t.Run("nothing is handed to hooks meanwhile", func(t *testing.T) {
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
	})
}

func TestOpeningAndClosingRule(t *testing.T) {
	t.Run("OnClose runs exactly once for every session whose OnOpen returned nil or is nil", func(t *testing.T) {
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
			sessiontest.Poll(t, "all have opened", func() bool { return e.Stats().Opened == 20 })
			if err := e.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
			if n.Load() != 20 {
				t.Errorf("OnClose ran %d times for 20 sessions: %+v", n.Load(), e.Stats())
			}
		}
	})
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
			sessiontest.Poll(t, "the session is gone", func() bool { return h.Stats().Open == 0 })
			for range h.Sessions() {
				t.Error("Sessions lists it")
			}
			sessiontest.Poll(t, "the function of Go has returned", returned.Load)
			if got := e.log.Has("level=ERROR", "secret"); got != c.logged {
				t.Errorf("logged as an error is %t, want %t:\n%s", got, c.logged, e.log)
			}
		})
	}
	t.Run("Close in OnOpen", func(t *testing.T) {
		b := start(t, &wsecho.Handler{OnOpen: func(s *wsecho.Session, _ *http.Request) error { s.Close(4000, "full"); return nil }})
		b.Check(t, sessiontest.End{Code: 4000, Reason: "full", Label: "closed"})
	})
	t.Run("a session is listed by Sessions from then until OnClose has returned", func(t *testing.T) {
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
		sessiontest.Poll(t, "it is listed no more", func() bool { return !listed(b.Session) })
	})
}

func TestOneCauseRule(t *testing.T) {
	t.Run("what hooks return after the first cause is neither the cause nor logged", func(t *testing.T) {
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
	})
	t.Run("a panic still is logged", func(t *testing.T) {
		b := start(t, &wsecho.Handler{OnMessage: onMessage(func(s *wsecho.Session) error { s.Close(4000, ""); panic("late panic") })})
		b.Send(peer.Text("m"))
		b.Check(t, sessiontest.End{Code: 4000, Label: "closed"})
		if !b.Log.Has("level=ERROR", "late panic", "wsecho_test.") {
			t.Errorf("not logged:\n%s", b.Log)
		}
	})
	t.Run("the context ends and no OnMessage begins", func(t *testing.T) {
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
			wait(t, "OnClose", b.Ended)
			wait(t, "the context's end", b.Session.Context().Done())
			if ran.Load() != 1 {
				t.Errorf("OnMessage ran %d times", ran.Load())
			}
		}
	})
	t.Run("the running hook returns, functions started by Go return, OnClose runs", func(t *testing.T) {
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
	})
	t.Run("the close handshake goes on alongside", func(t *testing.T) {
		release := make(chan struct{})
		b := start(t, &wsecho.Handler{OnMessage: onMessage(func(s *wsecho.Session) error { s.Close(4000, ""); <-release; return nil })})
		b.Send(peer.Text("m"))
		b.CheckPeer(t, sessiontest.End{Code: 4000}) // while the hook runs
		close(release)
		wait(t, "OnClose, though the peer keeps its side open", b.Ended)
	})
	t.Run("a session counts until OnClose has returned", func(t *testing.T) {
		in, release := make(chan struct{}), make(chan struct{})
		h := &wsecho.Handler{MaxSessions: 1, OnClose: func(context.Context, *wsecho.Session, error) { close(in); <-release }}
		e := serve(t, h)
		p := e.open(t)
		p.Send(peer.Close(1000, ""))
		p.Rest()
		p.Close()
		wait(t, "OnClose", in)
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
		if err := wait(t, "Shutdown", down); err != nil {
			t.Error(err)
		}
	})
	t.Run("a session counts until the connection is gone", func(t *testing.T) {
		bubble(t, &wsecho.Handler{MaxSessions: 1, CloseTimeout: time.Hour}, func(t *testing.T, b *sessiontest.Both) {
			b.Peer.Mute = true
			b.Session.Close(4000, "")
			b.CheckPeer(t, sessiontest.End{Code: 4000})
			wait(t, "OnClose", b.Ended) // within fake time far shorter than CloseTimeout
			synctest.Wait()
			if n := b.Handler.Stats().Open; n != 1 {
				t.Errorf("Stats().Open is %d while the peer may still answer", n)
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
	})
}

type ctxKey struct{}

// inContext is a middleware that gives the request a value, a deadline and an end.
func inContext(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(context.WithValue(r.Context(), ctxKey{}, "value"), time.Hour)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

func TestContextsRule(t *testing.T) {
	t.Run("OnMessage's ctx is s.Context() and keeps the request's values, not its cancellation or deadline", func(t *testing.T) {
		ended, cause := make(chan error, 1), make(chan error, 1)
		h := &wsecho.Handler{
			OnOpen: func(s *wsecho.Session, r *http.Request) error {
				if r.Context() != s.Context() {
					t.Error("r in OnOpen does not carry the session's context")
				}
				s.Go(func(ctx context.Context) error {
					if ctx != s.Context() {
						t.Error("a function of Go got another context")
					}
					<-ctx.Done()
					cause <- context.Cause(ctx)
					return nil
				})
				return nil
			},
			OnMessage: func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
				if ctx != s.Context() {
					t.Error("OnMessage's ctx is not s.Context()")
				}
				if _, has := ctx.Deadline(); has || ctx.Err() != nil || ctx.Value(ctxKey{}) != "value" {
					t.Errorf("deadline %t, err %v, value %v", has, ctx.Err(), ctx.Value(ctxKey{}))
				}
				return s.Write(ctx, typ, p)
			},
			OnClose: func(ctx context.Context, s *wsecho.Session, err error) {
				if ctx.Err() != nil || ctx.Value(ctxKey{}) != "value" {
					t.Errorf("OnClose's ctx: err %v, value %v", ctx.Err(), ctx.Value(ctxKey{}))
				}
				if s.Context().Err() == nil || context.Cause(s.Context()) != err {
					t.Errorf("the session's context ended with %v, OnClose got %v", context.Cause(s.Context()), err)
				}
				ended <- err
			},
		}
		var returned atomic.Bool
		e := serve(t, h, func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, r); returned.Store(true) })
		}, inContext)
		for _, end := range [][]byte{peer.Close(1000, ""), peer.Text("\xff"), nil} {
			returned.Store(false)
			p := e.open(t)
			sessiontest.Poll(t, "ServeHTTP has returned, and the request's context ended", returned.Load)
			p.Send(peer.Text("m"))
			if got := p.Next(); got != "text:m" {
				t.Errorf("the peer saw %q", got)
			}
			p.Send(end)
			p.Close()
			if a, b := wait(t, "OnClose", ended), wait(t, "the context's end", cause); a != b {
				t.Errorf("the cause is %v, OnClose's error %v", b, a)
			}
		}
	})
	for _, how := range []string{"ends when Shutdown's ctx does", "ends when Handler.Close is called"} {
		t.Run("OnClose's ctx "+how, func(t *testing.T) {
			in, out := make(chan struct{}), make(chan error, 1)
			h := &wsecho.Handler{OnClose: func(ctx context.Context, s *wsecho.Session, err error) {
				close(in)
				<-ctx.Done()
				out <- ctx.Err()
			}}
			e := serve(t, h)
			p := e.open(t)
			p.Close()
			wait(t, "OnClose", in)
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			down := make(chan error, 1)
			go func() { down <- h.Shutdown(ctx) }()
			untilShut(t, e)
			select {
			case <-out:
				t.Error("it ended before")
			default:
			}
			if strings.Contains(how, "Close") {
				h.Close()
				wait(t, "the end of OnClose's ctx", out)
				if err := wait(t, "Shutdown", down); err != nil {
					t.Error(err)
				}
				return
			}
			cancel()
			wait(t, "the end of OnClose's ctx", out)
			if err := wait(t, "Shutdown", down); !errors.Is(err, context.Canceled) {
				t.Errorf("Shutdown returned %v", err)
			}
		})
	}
}

func TestPRule(t *testing.T) {
	t.Run("p is the hook's to read and change until it returns", func(t *testing.T) {
		for _, deflate := range []bool{false, true} {
			more := make(chan struct{}, 1)
			h := &wsecho.Handler{OnMessage: func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
				was := bytes.Clone(p)
				select {
				case <-more: // the next messages are on their way
				case <-ctx.Done():
					return nil
				}
				if !bytes.Equal(p, was) {
					t.Error("p changed under the hook")
				}
				clear(p)
				_ = append(p, "past its end"...)
				return s.Write(ctx, typ, was)
			}}
			b := sessiontest.Start(t, overTCP, h, deflate)
			var want []string
			for i := range 200 {
				m := strings.Repeat(fmt.Sprintf("%d ", i), 1+rand.IntN(60))
				b.Send(b.Text(m))
				want = append(want, m)
			}
			for i := range want {
				more <- struct{}{}
				if m, err := b.Peer.Read(); err != nil || string(m.Payload) != want[i] {
					t.Fatalf("the peer saw %q %v, want %q", m.Payload, err, want[i])
				}
			}
		}
	})
	t.Run("Write and TryWrite have copied theirs when they return", func(t *testing.T) {
		for _, deflate := range []bool{false, true} {
			h := &wsecho.Handler{OnMessage: func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, _ []byte) error {
				for i := range 200 {
					p := make([]byte, 0, 2000)
					p = append(p, strings.Repeat(fmt.Sprintf("%03d", i), 1+i)...)
					var err error
					if i%2 == 0 {
						err = s.Write(ctx, typ, p)
					} else {
						err = s.TryWrite(typ, p)
					}
					if err != nil {
						return err
					}
					clear(p)
				}
				return nil
			}}
			b := sessiontest.Start(t, overTCP, h, deflate)
			b.Send(peer.Text("go"))
			for i := range 200 {
				if m, err := b.Peer.Read(); err != nil || string(m.Payload) != strings.Repeat(fmt.Sprintf("%03d", i), 1+i) {
					t.Fatalf("message %d: %.40q %v", i, m.Payload, err)
				}
			}
		}
	})
}

func TestWriteRule(t *testing.T) {
	t.Run("from any goroutine, in hooks and outside, and never deadlock", func(t *testing.T) {
		h := &wsecho.Handler{WriteLimit: 1000}
		use := func(s *wsecho.Session) {
			for i := range 50 {
				s.TryWrite(text, []byte("try"))
				s.Write(s.Context(), text, []byte("write"))
				s.Go(func(ctx context.Context) error { s.TryWrite(text, []byte("go")); return nil })
				if i == 49 && rand.IntN(10) == 0 {
					s.Close(4000, "")
				}
			}
		}
		h.OnOpen = func(s *wsecho.Session, _ *http.Request) error { use(s); return nil }
		h.OnMessage = onMessage(func(s *wsecho.Session) error { use(s); return nil })
		h.OnClose = func(_ context.Context, s *wsecho.Session, _ error) { use(s) }
		e := serve(t, h)
		var wg sync.WaitGroup
		for range 10 {
			p := e.open(t)
			wg.Go(func() {
				go p.Send(bytes.Repeat(peer.Text("m"), 5))
				for n := 0; n < 200 && strings.HasPrefix(p.Next(), "text:"); n++ {
				}
				p.Close()
			})
		}
		for s := range h.Sessions() {
			wg.Go(func() { use(s); s.Close(4000, "") })
		}
		wg.Wait()
		if err := h.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	})
	t.Run("safe under a lock that OnClose takes", func(t *testing.T) {
		var room sync.Mutex
		members := map[*wsecho.Session]bool{}
		h := &wsecho.Handler{
			WriteLimit: 1000,
			OnOpen: func(s *wsecho.Session, _ *http.Request) error {
				room.Lock()
				defer room.Unlock()
				members[s] = true
				return nil
			},
			OnMessage: onMessage(func(s *wsecho.Session) error {
				room.Lock()
				defer room.Unlock()
				for m := range members {
					m.TryWrite(text, []byte("m"))
					m.Go(func(context.Context) error { room.Lock(); defer room.Unlock(); return nil })
				}
				if rand.IntN(3) == 0 {
					s.Close(4000, "")
					return s.Write(s.Context(), text, []byte("late"))
				}
				return s.Write(s.Context(), text, make([]byte, 100))
			}),
			OnClose: func(_ context.Context, s *wsecho.Session, _ error) {
				room.Lock()
				defer room.Unlock()
				delete(members, s)
			},
		}
		e := serve(t, h)
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				p := e.open(t)
				go p.Send(bytes.Repeat(peer.Text("m"), 10))
				for n := 0; n < 20; n++ {
					if m := p.Next(); !strings.HasPrefix(m, "text:") {
						break
					}
				}
				p.Close()
			})
		}
		wg.Wait()
		if err := h.Shutdown(t.Context()); err != nil || len(members) != 0 {
			t.Error(err, len(members))
		}
	})
	t.Run("Write waits under a lock that OnClose takes, and the session's end frees it", func(t *testing.T) {
		var mu sync.Mutex
		h := &wsecho.Handler{WriteTimeout: -1, PingInterval: -1, WriteLimit: 1000, CloseTimeout: time.Minute,
			OnClose: func(context.Context, *wsecho.Session, error) { mu.Lock(); defer mu.Unlock() }}
		bubble(t, h, func(t *testing.T, b *sessiontest.Both) {
			wrote := make(chan error, 1)
			go func() {
				mu.Lock()
				defer mu.Unlock()
				for {
					if err := b.Session.Write(context.Background(), text, make([]byte, 600)); err != nil {
						wrote <- err
						return
					}
				}
			}()
			synctest.Wait()
			b.Session.Close(4000, "")
			if err := <-wrote; !errors.Is(err, net.ErrClosed) {
				t.Errorf("Write returned %v", err)
			}
			b.Peer.Close()
			wait(t, "OnClose", b.Ended)
		})
	})
	t.Run("Write may wait, the others never", func(t *testing.T) {
		h := &wsecho.Handler{WriteTimeout: -1, PingInterval: -1, WriteLimit: 1000}
		bubble(t, h, func(t *testing.T, b *sessiontest.Both) {
			begin, full := time.Now(), 0
			for range 1000 {
				if err := b.Session.TryWrite(text, make([]byte, 100)); errors.Is(err, wsecho.ErrWriteLimit) {
					full++
				} else if err != nil {
					t.Fatal(err)
				}
			}
			b.Session.Go(func(context.Context) error { return nil })
			b.Session.Close(4000, "")
			if full < 900 || time.Since(begin) != 0 {
				t.Errorf("%d found no room, in %v", full, time.Since(begin))
			}
			for n := 0; ; n++ {
				switch m := b.Peer.Next(); {
				case strings.HasPrefix(m, "text:") && n < 1000-full:
					continue
				case m != "close:4000" || n != 1000-full:
					t.Errorf("message %d of the %d that were queued is %q", n, 1000-full, m)
				}
				break
			}
		})
	})
	t.Run("there is room when the message fits in WriteLimit beside what waits, or when nothing waits", func(t *testing.T) {
		bubble(t, &wsecho.Handler{WriteTimeout: -1, PingInterval: -1, WriteLimit: 1000}, func(t *testing.T, b *sessiontest.Both) {
			try := func(n int, want error) {
				t.Helper()
				if err := b.Session.TryWrite(websocket.MessageBinary, make([]byte, n)); !errors.Is(err, want) {
					t.Errorf("TryWrite of %d: %v, want %v", n, err, want)
				}
				synctest.Wait() // the flusher holds what it can, and still it waits
			}
			read := func(want string) {
				t.Helper()
				if got := b.Peer.Next(); got != want {
					t.Errorf("the peer saw %q, want %q", got, want)
				}
				synctest.Wait()
			}
			try(500, nil)
			try(400, nil)
			try(200, wsecho.ErrWriteLimit)
			try(50, nil)
			if q := b.Handler.Stats().Queued; q < 950 || q > 1000 {
				t.Errorf("Stats().Queued is %d", q)
			}
			read("binary:len 500")
			read("binary:len 400")
			read("binary:" + strings.Repeat("\x00", 50))
			if q := b.Handler.Stats().Queued; q != 0 {
				t.Errorf("Stats().Queued is %d", q)
			}
			try(50000, nil) // nothing waits
			try(1, wsecho.ErrWriteLimit)
			read("binary:len 50000")
			try(900, nil)
			read("binary:len 900")
		})
	})
	t.Run("WriteLimit negative is no limit", func(t *testing.T) {
		bubble(t, &wsecho.Handler{WriteTimeout: -1, PingInterval: -1, WriteLimit: -1}, func(t *testing.T, b *sessiontest.Both) {
			for range 100 {
				if err := b.Session.TryWrite(text, make([]byte, 100_000)); err != nil {
					t.Fatal(err)
				}
			}
		})
	})
	t.Run("if Write's ctx ends first nothing of the message is sent and the session goes on", func(t *testing.T) {
		bubble(t, &wsecho.Handler{WriteTimeout: -1, PingInterval: -1, WriteLimit: 1000}, func(t *testing.T, b *sessiontest.Both) {
			if err := b.Session.TryWrite(text, make([]byte, 900)); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			if err := b.Session.Write(ctx, text, []byte(strings.Repeat("never", 100))); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Write returned %v", err)
			}
			if err := b.Session.TryWrite(text, []byte("next")); err != nil {
				t.Error(err)
			}
			for _, want := range []string{"text:len 900", "text:next"} {
				if got := b.Peer.Next(); got != want {
					t.Errorf("the peer saw %q, want %q", got, want)
				}
			}
			b.Send(peer.Text("alive"), peer.Close(1000, ""))
			b.Check(t, sessiontest.End{Frames: []string{"text:alive"}, Code: 1000, Reason: "*", Label: "peer"})
		})
	})
	t.Run("once the session is ending both return an error that matches net.ErrClosed", func(t *testing.T) {
		h := &wsecho.Handler{OnMessage: onMessage(func(s *wsecho.Session) error {
			s.Close(4000, "")
			for range 10 {
				if err := s.Write(s.Context(), text, []byte("w")); !errors.Is(err, net.ErrClosed) {
					t.Errorf("Write in the hook: %v", err)
				}
				if err := s.TryWrite(text, nil); !errors.Is(err, net.ErrClosed) {
					t.Errorf("TryWrite in the hook: %v", err)
				}
			}
			return nil
		})}
		h.OnClose = func(ctx context.Context, s *wsecho.Session, _ error) {
			if err := s.Write(ctx, text, nil); !errors.Is(err, net.ErrClosed) {
				t.Errorf("Write in OnClose: %v", err)
			}
		}
		b := start(t, h)
		b.Send(peer.Text("m"))
		b.Check(t, sessiontest.End{Code: 4000, Label: "closed"})
		if err := b.Session.TryWrite(text, nil); !errors.Is(err, net.ErrClosed) {
			t.Errorf("TryWrite after the end: %v", err)
		}
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		if err := b.Session.Write(ended, text, nil); !errors.Is(err, net.ErrClosed) && !errors.Is(err, context.Canceled) {
			t.Errorf("Write after the end: %v", err)
		}
	})
	t.Run("a Write that waits with s.Context() returns net.ErrClosed at the end", func(t *testing.T) {
		bubble(t, &wsecho.Handler{WriteTimeout: -1, PingInterval: -1, WriteLimit: 1000}, func(t *testing.T, b *sessiontest.Both) {
			b.Session.TryWrite(text, make([]byte, 900))
			errs := make(chan error)
			for range 50 {
				go func() { errs <- b.Session.Write(b.Session.Context(), text, make([]byte, 500)) }()
			}
			synctest.Wait()
			b.Session.Close(4000, "")
			for range 50 {
				if err := <-errs; !errors.Is(err, net.ErrClosed) {
					t.Errorf("Write returned %v", err)
				}
			}
			b.Check(t, sessiontest.End{Frames: []string{"text:len 900"}, Code: 4000, Label: "closed"})
		})
	})
	t.Run("messages leave whole, and in order for one caller", func(t *testing.T) {
		for _, deflate := range []bool{false, true} {
			b := sessiontest.Start(t, overTCP, &wsecho.Handler{WriteLimit: 100_000}, deflate)
			const callers, messages = 6, 60
			for c := range callers {
				go func() {
					for i := range messages {
						p := bytes.Repeat(fmt.Appendf(nil, "%d %d;", c, i), 1+rand.IntN(3000))
						for b.Session.TryWrite(text, p) != nil {
							if err := b.Session.Write(context.Background(), text, p); err == nil {
								break
							}
						}
					}
				}()
			}
			var next [callers]int
			for range callers * messages {
				m, err := b.Peer.Read()
				if err != nil {
					t.Fatal(err)
				}
				one, _, _ := strings.Cut(string(m.Payload), ";")
				var c, i int
				fmt.Sscanf(one, "%d %d", &c, &i)
				if strings.Trim(strings.ReplaceAll(string(m.Payload), one+";", ""), " ") != "" {
					t.Fatalf("not whole: %.100q", m.Payload)
				}
				if i != next[c] {
					t.Fatalf("caller %d: message %d, want %d", c, i, next[c])
				}
				next[c]++
			}
		}
	})
}

func TestCloseRule(t *testing.T) {
	for _, c := range []struct{ reason, want string }{
		{"short", "short"},
		{strings.Repeat("r", 123), strings.Repeat("r", 123)},
		{strings.Repeat("r", 124), strings.Repeat("r", 123)},
		{strings.Repeat("é", 100), strings.Repeat("é", 61)},
		{strings.Repeat("€", 100), strings.Repeat("€", 41)},
		{strings.Repeat("😀", 100), strings.Repeat("😀", 30)},
		{"x" + strings.Repeat("😀", 100), "x" + strings.Repeat("😀", 30)},
	} {
		t.Run(fmt.Sprintf("a reason is cut to 123 bytes of valid UTF-8: %.8s %d", c.reason, len(c.reason)), func(t *testing.T) {
			b := start(t, &wsecho.Handler{})
			b.Session.Close(4000, c.reason)
			b.Check(t, sessiontest.End{Code: 4000, Reason: c.want, Label: "closed"})
		})
	}
	for _, c := range []struct{ reason, kept string }{
		{"bad\xff", "bad"}, {"\xff\xfe", ""}, {"cut \xe2\x82", "cut "}, {strings.Repeat("r", 122) + "€", strings.Repeat("r", 122)},
	} {
		t.Run(fmt.Sprintf("a reason is cut to 123 bytes of valid UTF-8: %.8q %d", c.reason, len(c.reason)), func(t *testing.T) {
			b := start(t, &wsecho.Handler{})
			b.Session.Close(4000, c.reason)
			m, err := b.Peer.Read() // fails if the payload is no UTF-8
			if err != nil || m.Op != peer.OpClose || len(m.Payload) > 125 || !utf8.Valid(m.Payload[2:]) {
				t.Fatalf("the peer saw %q %v", m, err)
			}
			if !strings.HasPrefix(string(m.Payload[2:]), c.kept) {
				t.Errorf("the peer saw %q, want %q first", m.Payload[2:], c.kept)
			}
		})
	}
	for _, code := range []websocket.StatusCode{-1, 0, 1, 999, 1004, 1006, 1015, 1016, 2000, 2999, 5000, 65535, 65536 + 1000, 1 << 30} {
		t.Run(fmt.Sprintf("a code that may not be sent becomes 1011 and is logged: %d", code), func(t *testing.T) {
			b := start(t, &wsecho.Handler{})
			b.Session.Close(code, "")
			b.Check(t, sessiontest.End{Code: 1011, Label: "closed", Err: func(err error) bool { return websocket.CloseStatus(err) == 1011 }})
			if !b.Log.Has(fmt.Sprint(int(code))) {
				t.Errorf("not logged:\n%s", b.Log)
			}
		})
		t.Run(fmt.Sprintf("so does one in a hook's CloseError: %d", code), func(t *testing.T) {
			b := start(t, &wsecho.Handler{OnMessage: onMessage(func(s *wsecho.Session) error { return websocket.CloseError{Code: code} })})
			b.Send(peer.Text("m"))
			b.CheckPeer(t, sessiontest.End{Code: 1011})
		})
	}
	for _, code := range []int{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999} {
		t.Run(fmt.Sprintf("that code: %d", code), func(t *testing.T) {
			b := start(t, &wsecho.Handler{})
			b.Session.Close(websocket.StatusCode(code), "r")
			b.Check(t, sessiontest.End{Code: code, Reason: "r", Label: "closed", Err: func(err error) bool {
				return websocket.CloseStatus(err) == websocket.StatusCode(code)
			}})
		})
	}
	t.Run("1005 sends a close frame without a body", func(t *testing.T) {
		b := start(t, &wsecho.Handler{})
		b.Session.Close(1005, "ignored")
		b.Check(t, sessiontest.End{Code: 1005, Label: "closed", Err: func(err error) bool { return websocket.CloseStatus(err) == 1005 }})
	})
	t.Run("later calls do nothing", func(t *testing.T) {
		for range 30 {
			b := start(t, &wsecho.Handler{})
			var wg sync.WaitGroup
			for i := range 8 {
				wg.Go(func() { b.Session.Close(websocket.StatusCode(4000+i), "") })
				wg.Go(func() { b.Session.TryWrite(text, []byte("w")) })
			}
			wg.Wait()
			var closing string
			for _, m := range b.Peer.Rest() {
				switch {
				case strings.HasPrefix(m, "close:4") && closing == "":
					closing = m
				case m == "text:w" && closing == "", m == "eof" && closing != "":
				default:
					t.Errorf("the peer saw %q after the close frame %q", m, closing)
				}
			}
			b.Peer.Close()
			if err := wait(t, "OnClose", b.Ended); fmt.Sprintf("close:%d", websocket.CloseStatus(err)) != closing {
				t.Errorf("OnClose got %v, the peer %s", err, closing)
			}
			b.Session.Close(4000, "after the end")
		}
	})
	gone := func(t *testing.T, b *sessiontest.Both) time.Duration { // until nothing can be sent any more
		for begin := time.Now(); ; time.Sleep(100 * time.Millisecond) {
			if b.Peer.Send([]byte{0}) != nil {
				return time.Since(begin)
			}
		}
	}
	for name, h := range map[string]*wsecho.Handler{
		"by default": {},
		"as set":     {CloseTimeout: time.Minute, WriteTimeout: -1}, // the peer does not take the close frame either
		"while a hook runs": {OnMessage: onMessage(func(s *wsecho.Session) error {
			<-s.Context().Done()
			time.Sleep(time.Hour)
			return nil
		})},
		"though much is queued": {WriteTimeout: -1, OnMessage: onMessage(func(s *wsecho.Session) error {
			return s.Write(s.Context(), text, make([]byte, 1<<20))
		})},
	} {
		t.Run("the connection is gone at most CloseTimeout after the close began: "+name, func(t *testing.T) {
			bubble(t, h, func(t *testing.T, b *sessiontest.Both) {
				b.Peer.Mute = true
				want := 5 * time.Second
				if h.CloseTimeout > 0 {
					want = h.CloseTimeout
				}
				b.Send(peer.Text("m"))
				synctest.Wait()
				b.Session.Close(4000, "")
				if d := gone(t, b); d > want+200*time.Millisecond || d < want-200*time.Millisecond {
					t.Errorf("gone after %v, want %v", d, want)
				}
				b.Peer.Close()
				for b.Handler.Stats().Open > 0 { // the hook that sleeps
					time.Sleep(time.Minute)
				}
			})
		})
	}
	t.Run("CloseTimeout negative: the peer is not waited for", func(t *testing.T) {
		bubble(t, &wsecho.Handler{CloseTimeout: -1}, func(t *testing.T, b *sessiontest.Both) {
			b.Peer.Mute = true
			b.Session.Close(4000, "")
			b.CheckPeer(t, sessiontest.End{Code: 4000})
			if d := gone(t, b); d > 200*time.Millisecond {
				t.Errorf("gone after %v", d)
			}
			wait(t, "OnClose", b.Ended)
		})
	})
}

func TestGoRule(t *testing.T) {
	t.Run("nil ends nothing", func(t *testing.T) {
		done := make(chan struct{})
		b := start(t, &wsecho.Handler{OnOpen: func(s *wsecho.Session, _ *http.Request) error {
			s.Go(func(context.Context) error {
				s.Go(func(context.Context) error { close(done); return nil }) // in functions that it started
				return nil
			})
			return nil
		}})
		wait(t, "the inner function", done)
		b.Send(peer.Text("alive"), peer.Close(1000, ""))
		b.Check(t, sessiontest.End{Frames: []string{"text:alive"}, Code: 1000, Reason: "*", Label: "peer"})
	})
	t.Run("in a goroutine of its own", func(t *testing.T) {
		meet := make(chan string)
		b := start(t, &wsecho.Handler{OnMessage: onMessage(func(s *wsecho.Session) error {
			s.Go(func(context.Context) error { meet <- "met"; return nil })
			return s.TryWrite(text, []byte(<-meet))
		})})
		b.Send(peer.Text("m"))
		if got := b.Peer.Next(); got != "text:met" {
			t.Errorf("the peer saw %q", got)
		}
	})
	t.Run("after the end it does nothing", func(t *testing.T) {
		var s0 *wsecho.Session
		no := func(context.Context) error { t.Error("it ran"); return nil }
		b := start(t, &wsecho.Handler{
			OnOpen: func(s *wsecho.Session, _ *http.Request) error {
				s.Go(func(ctx context.Context) error { <-ctx.Done(); s.Go(no); return nil })
				return nil
			},
			OnClose: func(_ context.Context, s *wsecho.Session, _ error) { s.Go(no); s0 = s },
		})
		b.Session.Close(4000, "")
		b.Session.Go(no)
		b.Check(t, sessiontest.End{Code: 4000, Label: "closed"})
		s0.Go(no)
	})
	t.Run("runtime.Goexit in it", func(t *testing.T) {
		b := start(t, &wsecho.Handler{OnOpen: func(s *wsecho.Session, _ *http.Request) error {
			s.Go(func(context.Context) error { runtime.Goexit(); return nil })
			return nil
		}})
		b.Send(peer.Close(1000, ""))
		wait(t, "OnClose", b.Ended)
		b.Peer.Close()
		b.Gone(t)
	})
}

func TestHookThatLeavesItsGoroutine(t *testing.T) {
	t.Run("in OnMessage", func(t *testing.T) {
		b := start(t, &wsecho.Handler{OnMessage: onMessage(func(*wsecho.Session) error { runtime.Goexit(); return nil })})
		b.Send(peer.Text("m"), peer.Text("never"))
		b.CheckPeer(t, sessiontest.End{Code: 1011})
		b.Peer.Close()
		if err := wait(t, "OnClose", b.Ended); err == nil {
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

func TestSessionsRule(t *testing.T) {
	h := &wsecho.Handler{}
	e := serve(t, h)
	var peers []*peer.Peer
	for range 20 {
		peers = append(peers, e.open(t))
	}
	sessiontest.Poll(t, "all are listed", func() bool { return count(h) == 20 })
	t.Run("it may stop early", func(t *testing.T) {
		for range h.Sessions() {
			break
		}
	})
	t.Run("each at most once, those that open or end meanwhile may or may not appear, no lock is held", func(t *testing.T) {
		seen := map[*wsecho.Session]int{}
		for s := range h.Sessions() {
			if seen[s]++; seen[s] > 1 {
				t.Error("twice")
			}
			if len(seen) > 100 {
				t.Fatal("no end")
			}
			if len(seen) <= 10 { // one opens and one ends
				peers = append(peers, e.open(t))
				s.Close(4000, "")
				peers[0].Close()
			}
			if count(h) == 0 {
				t.Error("Sessions inside Sessions lists none")
			}
			h.Stats()
		}
		if len(seen) < 10 {
			t.Errorf("%d seen", len(seen))
		}
	})
	t.Run("Shutdown in its body", func(t *testing.T) {
		for range h.Sessions() {
			for _, p := range peers {
				p.Close()
			}
			if err := h.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if n := count(h); n != 0 {
			t.Errorf("%d after Shutdown", n)
		}
	})
}

func count(h *wsecho.Handler) (n int) {
	for range h.Sessions() {
		n++
	}
	return n
}

func TestServeHTTPRule(t *testing.T) {
	t.Run("it returns once OnOpen has", func(t *testing.T) {
		returned, release := make(chan struct{}), make(chan struct{})
		e := serve(t, &wsecho.Handler{OnOpen: func(*wsecho.Session, *http.Request) error { <-release; return nil }}, func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, r); close(returned) })
		})
		p := e.open(t)
		select {
		case <-returned:
			t.Error("it returned before OnOpen")
		default:
		}
		close(release)
		wait(t, "ServeHTTP returns", returned)
		p.Send(peer.Text("m"))
		if got := p.Next(); got != "text:m" {
			t.Errorf("the peer saw %q", got)
		}
	})
	t.Run("RemoteAddr is r.RemoteAddr as ServeHTTP got it", func(t *testing.T) {
		got := make(chan string, 1)
		e := serve(t, &wsecho.Handler{OnOpen: func(s *wsecho.Session, _ *http.Request) error { got <- s.RemoteAddr(); return nil }}, func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { r.RemoteAddr = "203.0.113.7:1"; next.ServeHTTP(w, r) })
		})
		e.open(t)
		if a := wait(t, "OnOpen", got); a != "203.0.113.7:1" {
			t.Errorf("it is %q", a)
		}
	})
	t.Run("Data is the hooks' own, set in OnOpen", func(t *testing.T) {
		b := start(t, &wsecho.Handler{
			OnOpen: func(s *wsecho.Session, _ *http.Request) error { s.Data = 1; return nil },
			OnMessage: onMessage(func(s *wsecho.Session) error {
				s.Data = s.Data.(int) + 1
				return s.TryWrite(text, fmt.Append(nil, s.Data))
			}),
		})
		b.Send(peer.Text("m"), peer.Text("m"))
		if a, c := b.Peer.Next(), b.Peer.Next(); a != "text:2" || c != "text:3" {
			t.Errorf("the peer saw %q, %q", a, c)
		}
	})
}

func TestStats(t *testing.T) {
	b := start(t, &wsecho.Handler{})
	b.Send(bytes.Repeat(peer.Text("hello"), 3), peer.Ping("p"))
	for range 4 {
		b.Peer.Next()
	}
	sessiontest.Poll(t, "all is counted", func() bool {
		s := b.Handler.Stats()
		return s.Open == 1 && s.Opened == 1 && s.MessagesIn == 3 && s.MessagesOut == 3 && s.BytesIn >= 15 && s.BytesOut >= 15 && s.Queued == 0 && total(s.Refused) == 0 && total(s.Ended) == 0
	})
	b.Send(peer.Close(1000, ""))
	b.Check(t, sessiontest.End{Code: 1000, Reason: "*", Label: "peer"})
	if s := b.Handler.Stats(); s.MessagesIn != 3 || s.MessagesOut != 3 || s.Opened != 1 {
		t.Errorf("%+v", s)
	}
}

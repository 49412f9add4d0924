package wsecho_test

import (
	"bufio"
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/internal/await"
	"example.com/wsecho/internal/leaktest"
	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/wsechotest"
)

// drained is a handler with clients, and what became of them, in fake time from the drain's start.
type drained struct {
	*wsecho.Handler
	begin time.Time

	mu     sync.Mutex
	saw    map[int]websocket.StatusCode // what each client was told, and
	order  []int                        // the clients in the order in which they were
	at     []time.Duration              // likewise, when
	causes map[string]int               // of OnClose's errors
}

// crowd opens n sessions. Each client reads and so answers a close at once, unless mute.
func crowd(t *testing.T, h *wsecho.Handler, n int, mute bool) *drained {
	d := &drained{Handler: h, saw: map[int]websocket.StatusCode{}, causes: map[string]int{}}
	onClose := h.OnClose
	h.OnClose = func(ctx context.Context, s *wsecho.Session, err error) {
		d.mu.Lock()
		d.causes[wsecho.Cause(err)]++
		d.mu.Unlock()
		if onClose != nil {
			onClose(ctx, s, err)
		}
	}
	for i := range n {
		c := wsechotest.Dial(t, h, "/", nil)
		if mute {
			continue
		}
		go func() {
			_, _, err := c.Read(context.Background())
			d.mu.Lock()
			defer d.mu.Unlock()
			d.saw[i] = websocket.CloseStatus(err)
			d.order, d.at = append(d.order, i), append(d.at, time.Since(d.begin))
		}()
	}
	synctest.Wait()
	d.begin = time.Now()
	return d
}

// told checks that every client was told 1001, and every OnClose ErrShutdown.
func (d *drained) told(t *testing.T, n int) {
	t.Helper()
	synctest.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	going := 0
	for i, code := range d.saw {
		if code != websocket.StatusGoingAway {
			t.Errorf("client %d saw %v", i, code)
		}
		going++
	}
	if going != n {
		t.Errorf("%d clients were told, want %d", going, n)
	}
	for cause, n := range d.causes {
		if cause != "shutdown" {
			t.Errorf("OnClose's error says %q, %d times", cause, n)
		}
	}
}

// gone checks that nothing is left, and how long the drain took.
func (d *drained) gone(t *testing.T, within time.Duration) {
	t.Helper()
	if took := time.Since(d.begin); took > within {
		t.Errorf("it took %v, want %v at most", took, within)
	}
	if st := d.Stats(); st.Open != 0 || st.Ended["shutdown"] != st.Opened {
		t.Errorf("%+v", st)
	}
}

func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestDrainAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := crowd(t, &wsecho.Handler{}, 20, false)
		if err := d.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		d.gone(t, 0)
		d.told(t, 20)
	})
}

// Sessions are closed one in each slot, at a random moment of it, in random order, and meanwhile
// nobody may enter.
func TestDrainSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n, slot = 50, 200 * time.Millisecond
		d := crowd(t, &wsecho.Handler{DrainSpread: n * slot}, n, false)
		time.AfterFunc(time.Second, func() {
			if st := d.Stats(); st.Open < n-6 || st.Open > n-5 {
				t.Errorf("after a tenth of the time: %+v", st)
			}
		})
		go func() {
			if res := wsechotest.Refused(t, d, "/", nil); res.StatusCode != 503 || res.Header.Get("Retry-After") == "" {
				t.Errorf("a handshake during the drain: %v", res)
			}
		}()
		if err := d.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		d.gone(t, n*slot)
		d.told(t, n)
		same := 0
		for i, at := range d.at {
			if k := int(at / slot); k != i {
				t.Errorf("session %d of %d was closed in slot %d", i, n, k)
			}
			if i > 0 && at%slot == d.at[i-1]%slot {
				same++
			}
		}
		if same > n/2 {
			t.Errorf("no jitter: %v", d.at)
		}
		if slices.IsSorted(d.order) {
			t.Errorf("the order is that of opening")
		}
	})
}

// With a deadline, the last session still has CloseTimeout before it: a crowd that never answers is
// gone in time.
func TestDrainSpreadIsCutShort(t *testing.T) {
	for name, c := range map[string]struct {
		close, deadline, within time.Duration
		err                     error
	}{
		"to the deadline less CloseTimeout":  {5 * time.Second, 20 * time.Second, 20 * time.Second, nil},
		"CloseTimeout negative":              {-1, 20 * time.Second, 20 * time.Second, nil},
		"no time is left to spread":          {5 * time.Second, 5*time.Second + 1, 5*time.Second + 1, nil},
		"not even CloseTimeout fits into it": {time.Minute, 10 * time.Second, 10 * time.Second, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := crowd(t, &wsecho.Handler{DrainSpread: time.Hour, CloseTimeout: c.close}, 20, true)
				if err := d.Shutdown(within(t, c.deadline)); err != c.err {
					t.Errorf("Shutdown returned %v", err)
				}
				synctest.Wait() // those that were cut
				d.gone(t, c.within)
			})
		})
	}
}

func TestDrainSpreadEndsEarly(t *testing.T) {
	t.Run("when all have gone by themselves", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := crowd(t, &wsecho.Handler{DrainSpread: time.Hour}, 20, false)
			time.AfterFunc(time.Minute, func() {
				for s := range d.Sessions() {
					s.Close(4000, "")
				}
			})
			if err := d.Shutdown(t.Context()); err != nil || time.Since(d.begin) > time.Minute {
				t.Errorf("%v after %v", err, time.Since(d.begin))
			}
		})
	})
	t.Run("when ctx is cancelled", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := crowd(t, &wsecho.Handler{DrainSpread: time.Hour}, 20, false)
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Minute, cancel)
			if err := d.Shutdown(ctx); err != nil && err != context.Canceled || time.Since(d.begin) != time.Minute {
				t.Errorf("%v after %v", err, time.Since(d.begin))
			}
			d.told(t, 20)
			d.gone(t, time.Minute)
		})
	})
}

// Even under a context that has ended each peer is told.
func TestShutdownWithExpiredContext(t *testing.T) {
	for name, h := range map[string]*wsecho.Handler{"": {}, "with DrainSpread": {DrainSpread: time.Hour}} {
		t.Run("in memory "+name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := crowd(t, h, 20, false)
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				if err := d.Shutdown(ctx); err != context.Canceled || time.Since(d.begin) != 0 {
					t.Errorf("%v after %v", err, time.Since(d.begin))
				}
				d.told(t, 20)
				d.gone(t, 0)
			})
		})
	}
}

func TestShutdownWaits(t *testing.T) {
	t.Run("for every OnClose", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := crowd(t, &wsecho.Handler{OnClose: func(ctx context.Context, _ *wsecho.Session, _ error) {
				time.Sleep(time.Hour)
				if ctx.Err() != nil {
					t.Error("OnClose's ctx ended before Shutdown's did")
				}
			}}, 5, false)
			if err := d.Shutdown(t.Context()); err != nil || time.Since(d.begin) != time.Hour {
				t.Errorf("%v after %v", err, time.Since(d.begin))
			}
			d.gone(t, time.Hour)
		})
	})
	t.Run("CloseTimeout for a peer that does not answer", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := crowd(t, &wsecho.Handler{}, 5, true)
			if err := d.Shutdown(t.Context()); err != nil || time.Since(d.begin) != 5*time.Second {
				t.Errorf("%v after %v", err, time.Since(d.begin))
			}
		})
	})
	t.Run("until ctx ends, and cuts what is left", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := crowd(t, &wsecho.Handler{CloseTimeout: time.Hour}, 5, true)
			if err := d.Shutdown(within(t, time.Minute)); err != context.DeadlineExceeded {
				t.Error(err)
			}
			synctest.Wait()
			if d.gone(t, time.Minute); d.causes["shutdown"] != 5 || time.Since(d.begin) != time.Minute {
				t.Errorf("OnClose got %v, after %v", d.causes, time.Since(d.begin))
			}
		})
	})
	t.Run("for an OnOpen at work, whose session is not missed", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := crowd(t, &wsecho.Handler{OnOpen: func(s *wsecho.Session, _ *http.Request) error {
				time.Sleep(time.Minute)
				if !errors.Is(context.Cause(s.Context()), wsecho.ErrShutdown) {
					t.Error("OnOpen's session has not ended")
				}
				return nil
			}}, 5, false)
			if err := d.Shutdown(t.Context()); err != nil || time.Since(d.begin) != time.Minute {
				t.Errorf("%v after %v", err, time.Since(d.begin))
			}
			d.told(t, 5)
			if d.gone(t, time.Minute); d.causes["shutdown"] != 5 {
				t.Errorf("OnClose got %v", d.causes)
			}
		})
	})
}

func TestShutdownAgain(t *testing.T) {
	t.Run("at the same time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := crowd(t, &wsecho.Handler{DrainSpread: time.Minute}, 20, false)
			var wg sync.WaitGroup
			for range 3 {
				wg.Go(func() {
					if err := d.Shutdown(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			d.told(t, 20)
			d.gone(t, time.Minute)
			if err := errors.Join(d.Shutdown(t.Context()), d.Close()); err != nil {
				t.Error(err)
			}
		})
	})
	t.Run("a second one with less noStall", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := crowd(t, &wsecho.Handler{DrainSpread: time.Hour}, 20, false)
			time.AfterFunc(time.Second, func() { d.Close() })
			if err := d.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
			d.told(t, 20)
			d.gone(t, time.Second)
		})
	})
	t.Run("of a handler that never served", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		h := &wsecho.Handler{}
		if err := h.Shutdown(ctx); err != nil {
			t.Error(err)
		}
	})
}

// Close cuts, and waits for nothing: not for a peer, nor for a hook.
func TestHandlerClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := make(chan error, 100)
		d := crowd(t, &wsecho.Handler{CloseTimeout: time.Hour, DrainSpread: time.Hour, OnClose: func(ctx context.Context, _ *wsecho.Session, _ error) {
			<-ctx.Done()
			time.Sleep(time.Minute)
			told <- ctx.Err()
		}}, 10, false)
		wsechotest.Dial(t, d, "/", nil) // mute
		synctest.Wait()
		if err := d.Close(); err != nil || time.Since(d.begin) != 0 {
			t.Errorf("%v after %v", err, time.Since(d.begin))
		}
		if res := wsechotest.Refused(t, d, "/", nil); res.StatusCode != 503 {
			t.Errorf("a handshake after Close: %s", res.Status)
		}
		d.told(t, 10)
		if st := d.Stats(); st.Open != 11 {
			t.Errorf("OnClose runs yet, and %d sessions are open", st.Open)
		}
		if err := d.Shutdown(t.Context()); err != nil || len(told) != 11 {
			t.Errorf("%v, %d OnClose", err, len(told))
		}
		d.gone(t, time.Minute)
	})
}

// watchedHijack is a writer that says when it has been hijacked.
type watchedHijack struct {
	http.ResponseWriter
	hijacked func()
}

func (w watchedHijack) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	defer w.hijacked()
	return w.ResponseWriter.(http.Hijacker).Hijack()
}

// An upgrade in flight when Shutdown begins is waited for, opens no session and is told.
func TestShutdownAndUpgradeInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &wsecho.Handler{OnOpen: func(*wsecho.Session, *http.Request) error {
			t.Error("OnOpen")
			return nil
		}}
		drained := make(chan error, 1)
		var took time.Duration
		c := wsechotest.Dial(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h.ServeHTTP(watchedHijack{w, func() {
				go func() {
					begin := time.Now()
					drained <- h.Shutdown(context.Background())
					took = time.Since(begin)
				}()
				time.Sleep(time.Hour)
			}}, r)
		}), "/", nil)
		if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusGoingAway {
			t.Errorf("the client saw %v", err)
		}
		err := <-drained
		if synctest.Wait(); err != nil || took < time.Hour {
			t.Errorf("Shutdown: %v after %v", err, took)
		}
		if st := h.Stats(); st.Open != 0 || st.Opened != 1 || st.Ended["shutdown"] != 1 {
			t.Errorf("%+v", st)
		}
	})
}

// Shutdown in a storm of handshakes: no session is missed, none opens after, and each peer is either
// refused or told.
func TestShutdownStorm(t *testing.T) {
	t.Parallel()
	const peers = 12
	rounds := leaktest.Volume(20, 60, 200)
	var current atomic.Pointer[wsecho.Handler]
	var arrived atomic.Uint64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived.Add(1)
		current.Load().ServeHTTP(w, r)
	}))
	defer srv.Close()
	var told, refused atomic.Int64
	for round := range rounds {
		var opened, closed atomic.Int64
		var over atomic.Bool
		h := &wsecho.Handler{Logger: new(sessiontest.Log).Logger()}
		h.OnOpen = func(*wsecho.Session, *http.Request) error {
			opened.Add(1)
			if over.Load() {
				t.Error("a session opened after Shutdown")
			}
			return nil
		}
		h.OnClose = func(_ context.Context, _ *wsecho.Session, err error) {
			closed.Add(1)
			if over.Load() || !errors.Is(err, wsecho.ErrShutdown) {
				t.Errorf("OnClose got %v, after Shutdown: %v", err, over.Load())
			}
		}
		current.Store(h)
		arrived.Store(0)
		begun := arrived.Load // in the middle of the handshakes, or of the sessions
		if round%2 > 0 {
			begun = func() uint64 { return h.Stats().Opened }
		}
		var wg sync.WaitGroup
		for range peers {
			wg.Go(func() {
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
				case answer.StatusCode == http.StatusServiceUnavailable:
					refused.Add(1)
				case answer.StatusCode != http.StatusSwitchingProtocols:
					t.Error(answer.Status)
				default:
					told.Add(1)
					if got := p.Rest(); !slices.Equal(got, []string{"close:1001", "eof"}) {
						t.Errorf("the peer saw %q", got)
					}
				}
			})
		}
		for after := rand.Uint64N(peers); begun() < after && !t.Failed(); {
			runtime.Gosched()
		}
		if err := h.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		over.Store(true)
		st := h.Stats()
		if st.Open != 0 || st.Ended["shutdown"] != st.Opened || opened.Load() != closed.Load() || count(h) != 0 {
			t.Errorf("%+v, %d opened, %d closed", st, opened.Load(), closed.Load())
		}
		wg.Wait()
		if late := h.Stats().Opened; late != st.Opened {
			t.Errorf("%d sessions when Shutdown returned, then %d", st.Opened, late)
		}
	}
	t.Logf("%d peers were told, %d refused", told.Load(), refused.Load())
	if told.Load() == 0 || refused.Load() == 0 {
		t.Error("the storm was no storm")
	}
}

// Each peer is told, even when nobody waits.
func TestEveryPeerIsTold(t *testing.T) {
	t.Parallel()
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
			await.Poll(t, "all are open", func() bool { return count(h) == n })
			done := make(chan error, 1)
			go func() { done <- end(h) }()
			for i, p := range peers {
				if got := p.Rest(); !slices.Equal(got, []string{"close:1001", "eof"}) {
					t.Errorf("peer %d saw %q", i, got)
				}
				p.Close()
			}
			if err := await.Value(t, "it returns", done); err != nil {
				t.Error(err)
			}
			await.Poll(t, "all have ended", func() bool { return ended.Load() == n && h.Stats().Open == 0 })
		})
	}
}

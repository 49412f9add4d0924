package wsecho_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
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
			time.Sleep(time.Second) // of the bubble's: by then Shutdown waits
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

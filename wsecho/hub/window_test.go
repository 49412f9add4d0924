package hub_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/wsecho/wsecho/hub"
)

// Who is back within Window misses nothing; later it is told.
func TestWindow(t *testing.T) {
	in(t, func(t *testing.T) {
		h := &hub.Hub{Window: time.Minute}
		defer h.Close()
		sv := service(h, nil)
		say(t, h, "a", "0")
		_, first := dial(t, sv, "", "a")
		say(t, h, "a", "1", "2")
		time.Sleep(time.Minute)
		c, f := dial(t, sv, first.At, "a")
		if f.Reset {
			t.Fatal("reset within the window")
		}
		c.wants("1", "2")
		time.Sleep(time.Second) // the hub notices by itself
		if n, topics := hub.Entries(h); n != 0 || topics != 0 {
			t.Errorf("%d entries in %d topics are kept for ever", n, topics)
		}
		d, f := dial(t, sv, first.At, "a")
		if !f.Reset {
			t.Fatal("no reset behind the window")
		}
		say(t, h, "a", "3")
		d.wants("3")
	})
}

// The memory is bounded too, and what is dropped for it is told.
func TestMaxBytes(t *testing.T) {
	h := &hub.Hub{MaxBytes: 100 << 10}
	defer h.Close()
	sv := service(h, nil)
	_, first := dial(t, sv, "", "a")
	long := `"` + strings.Repeat("x", 1000) + `"`
	for range 30 {
		say(t, h, "a", long)
	}
	if c, f := dial(t, sv, first.At, "a"); f.Reset {
		t.Error("30 KB did not fit")
	} else {
		c.wants(long)
	}
	for range 70 {
		say(t, h, "a", long)
	}
	if _, f := dial(t, sv, first.At, "a"); !f.Reset {
		t.Error("no reset")
	}
	if n, _ := hub.Entries(h); n > 100 || n < 40 {
		t.Errorf("%d entries in 100 KiB", n)
	}
}

// MaxReplay messages are replayed, one more is a reset, and none of them comes.
func TestMaxReplay(t *testing.T) {
	in(t, func(t *testing.T) {
		h := &hub.Hub{MaxReplay: 10}
		defer h.Close()
		sv := service(h, nil)
		_, first := dial(t, sv, "", "a", "b")
		for i := range 5 {
			say(t, h, "a", fmt.Sprint(i))
			say(t, h, "b", fmt.Sprint(i))
			say(t, h, "c", fmt.Sprint(i))
		}
		synctest.Wait() // what is being handed out as a client comes back is not replayed
		c, _ := dial(t, sv, first.At, "a", "b")
		c.wants("0", "0", "1", "1", "2", "2", "3", "3", "4", "4")
		synctest.Wait() // nor is what comes while it is still catching up handed out
		say(t, h, "a", "5")
		synctest.Wait()
		d, f := dial(t, sv, first.At, "a", "b")
		if !f.Reset {
			f = d.next() // where it is came first
		}
		if !f.Reset {
			t.Fatalf("%+v instead of a reset", f)
		}
		synctest.Wait() // it is told so while it is catching up
		say(t, h, "a", "6")
		d.wants("6")
		if st := h.Stats(); st.Resets != 1 || st.Replayed != 10 {
			t.Errorf("%+v", st)
		}
	})
}

// A session that gets nothing is told its place, every 20 s or every quarter of the Window.
func TestHeartbeat(t *testing.T) {
	for _, c := range []struct{ window, every time.Duration }{{0, 20 * time.Second}, {time.Minute, 15 * time.Second}, {8 * time.Second, 2 * time.Second}} {
		t.Run(c.every.String(), func(t *testing.T) {
			in(t, func(t *testing.T) {
				h := &hub.Hub{Window: c.window}
				defer h.Close()
				sv := service(h, nil)
				var quiet []*client
				for range 5 {
					cl, _ := dial(t, sv, "", "a")
					quiet = append(quiet, cl)
				}
				// Others talk: a quiet room does not fall out of the window.
				stop := make(chan struct{})
				talking := make(chan struct{})
				go func() {
					defer close(talking)
					for tick := time.NewTicker(c.every / 7); ; {
						select {
						case <-tick.C:
							say(t, h, "b", "1")
						case <-stop:
							tick.Stop()
							return
						}
					}
				}()
				for _, cl := range quiet {
					go func() {
						for range 50 {
							began := time.Now()
							f := cl.next()
							if d := time.Since(began); d > c.every || f.Topic != "" || f.Reset || f.At == "" {
								t.Errorf("%+v after %v", f, d)
							}
						}
						if _, f := dial(t, sv, cl.at, "a", "b"); f.Reset {
							t.Error("it fell out of the window")
						}
						talking <- struct{}{}
					}()
				}
				for range quiet {
					<-talking
				}
				close(stop)
				<-talking
				if n := h.Stats().Resets; n > 0 {
					t.Errorf("%d resets", n)
				}
			})
		})
	}
}

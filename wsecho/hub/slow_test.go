package hub_test

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/wsecho/wsecho/hub"
)

// One slow reader in ten delays nobody and misses nothing: in fake time every other has each message in the
// instant in which it is published.
func TestSlowReaders(t *testing.T) {
	in(t, func(t *testing.T) {
		h := &hub.Hub{}
		defer h.Close()
		sv := service(h, nil)
		sv.WriteLimit = 4 << 10
		const messages = 250
		padding := strings.Repeat("x", 2000)
		var reading sync.WaitGroup
		for i := range 10 {
			c, _ := dial(t, sv, "", "a")
			slow := i == 0
			reading.Go(func() {
				for want := range messages {
					_, p, err := c.conn.Read(t.Context())
					_, data, _ := bytes.Cut(p, []byte(`"data":"`))
					var n int
					var at int64
					if fmt.Sscan(string(data), &n, &at); n != want || err != nil {
						t.Errorf("%.80s, %v, want %d", p, err, want)
						return
					}
					if late := time.Now().UnixNano() - at; !slow && late != 0 {
						t.Errorf("%d came %v late", n, time.Duration(late))
						return
					}
					if slow {
						time.Sleep(20 * time.Millisecond)
					}
				}
			})
		}
		for n := range messages {
			say(t, h, "a", fmt.Sprintf(`"%d %d %s"`, n, time.Now().UnixNano(), padding))
			time.Sleep(time.Millisecond)
		}
		reading.Wait()
		st := h.Stats()
		if st.Behind < 1 || st.Resets > 0 || st.Delivered+st.Replayed != 10*messages {
			t.Errorf("%+v", st)
		}
	})
}

// Who is slower than MaxReplay allows is told that it misses something, and goes on.
func TestTooSlow(t *testing.T) {
	in(t, func(t *testing.T) {
		h := &hub.Hub{MaxReplay: 10}
		defer h.Close()
		sv := service(h, nil)
		sv.WriteLimit = 4 << 10
		c, _ := dial(t, sv, "", "a")
		long := strings.Repeat(" ", 2000)
		for n := range 200 { // 64 KiB fit in the connection
			say(t, h, "a", fmt.Sprint(long, n))
			time.Sleep(time.Millisecond)
		}
		resets, last := 0, -1
		for last != 199 {
			f := c.next()
			if f.Reset {
				if resets++; last < 40 {
					last = -1 // what is between is lost, and was said to be
				}
				if f.At == "" {
					t.Error(f)
				}
				say(t, h, "a", "199")
				continue
			}
			var n int
			fmt.Sscan(string(f.Data), &n)
			if n != last+1 && n != 199 {
				t.Fatalf("%d after %d", n, last)
			}
			last = n
		}
		if st := h.Stats(); resets != 1 || st.Resets != 1 {
			t.Errorf("%d resets of %d", resets, st.Resets)
		}
	})
}

// A slow reader in a quiet topic does not fall out of the window that other topics move, as all of its own is sent.
func TestSlowInQuietTopic(t *testing.T) {
	in(t, func(t *testing.T) {
		h := &hub.Hub{MaxBytes: 20 << 10}
		defer h.Close()
		sv := service(h, nil)
		sv.WriteLimit = 4 << 10
		c, _ := dial(t, sv, "", "a", "b")
		long := strings.Repeat(" ", 3000)
		sent := 0
		for ; h.Stats().Behind == 0; sent++ {
			say(t, h, "a", fmt.Sprint(long, sent))
			time.Sleep(time.Millisecond)
			for range 50 {
				say(t, h, "c", "0")
			}
			time.Sleep(time.Millisecond)
		}
		for n := range sent {
			if f := c.next(); f.Reset || strings.TrimSpace(string(f.Data)) != fmt.Sprint(n) {
				t.Fatalf("%+v, want %d", f, n)
			}
			for range 50 {
				say(t, h, "c", "0")
			}
		}
	})
}

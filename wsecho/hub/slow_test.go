package hub_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
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

// Nor does it while what it lacked is written: all up to where the log was then is with it.
func TestSlowWhileTheWindowMoves(t *testing.T) {
	in(t, func(t *testing.T) {
		h := &hub.Hub{MaxBytes: 40 << 10}
		defer h.Close()
		sv := service(h, nil)
		sv.WriteLimit = 4 << 10
		c, _ := dial(t, sv, "", "a")
		long := strings.Repeat(" ", 3000)
		others := func(n int) {
			for range n {
				say(t, h, "c", "0")
			}
			synctest.Wait()
		}
		sent := 0
		sayOne := func() {
			say(t, h, "a", fmt.Sprint(long, sent))
			sent++
			synctest.Wait()
		}
		for h.Stats().Behind == 0 {
			sayOne() // the last of them waits to be written
		}
		others(20)
		for range 3 {
			sayOne()
		}
		others(20)
		for n := range sent {
			if f := c.next(); f.Reset || strings.TrimSpace(string(f.Data)) != fmt.Sprint(n) {
				t.Fatalf("%+v, want %d", f, n)
			}
			if synctest.Wait(); n == 0 { // now those three are being written; the window leaves them, not the 20 behind
				others(125)
			}
		}
		if n := h.Stats().Resets; n > 0 {
			t.Errorf("%d resets", n)
		}
	})
}

// What a session that catches up has left, or what the log has lost, does not come after what was queued.
func TestSlowThenOtherwise(t *testing.T) {
	for name, c := range map[string]struct {
		then func(tail *hub.Tail, m *hub.Member)
		want string
	}{
		"it leaves the topic":      {func(_ *hub.Tail, m *hub.Member) { m.Remove("a") }, "b"},
		"it leaves":                {func(_ *hub.Tail, m *hub.Member) { m.Leave() }, "end"},
		"the log begins anew":      {func(tail *hub.Tail, _ *hub.Member) { tail.Start(place(5)) }, "reset"},
		"the log begins anew, far": {func(tail *hub.Tail, _ *hub.Member) { tail.Start(place(500)) }, "reset"},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T) {
				h := &hub.Hub{}
				tail := feed(t, h)
				tail.Start(place(10))
				tail.Synced(10)
				members := make(chan *hub.Member, 1)
				sv := service(h, func(m *hub.Member, _ *http.Request) { members <- m })
				sv.WriteLimit = 4 << 10
				cl, _ := dial(t, sv, "", "a", "b")
				m := <-members
				for seq := uint64(11); seq <= 110; seq++ {
					e := entry(seq)
					e.Data = []byte(strings.Repeat(" ", 2000) + "1")
					tail.Append(e)
				}
				synctest.Wait() // it has fallen behind, and waits for room
				c.then(tail, m)
				synctest.Wait()
				e := entry(tail.Last().Seq + 1)
				e.Topic = "b"
				tail.Append(e)
				got := 0
				for ; ; got++ {
					f := cl.next()
					if c.want == "reset" && f.Reset {
						after := entry(tail.Last().Seq + 1)
						tail.Append(after)
						for f = cl.next(); f.Topic == "b"; f = cl.next() { // it may be behind the reset, or not
						}
						if f.At != after.Position.String() {
							t.Errorf("%+v behind the reset", f)
						}
						break
					}
					if f.Reset || f.Topic != "a" || f.At != place(uint64(11+got)).String() {
						if c.want != f.Topic {
							t.Errorf("%+v after %d", f, got)
						}
						break
					}
					if c.want == "end" && got > 30 {
						break
					}
				}
				if got < 30 || got > 40 { // 64 KiB of the connection, and the queue
					t.Errorf("it got %d of what it was behind with", got)
				}
			})
		})
	}
}

package hub_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"example.com/wsecho/wsecho/hub"
)

// Of each place that a client can claim: whole, or exactly one reset and nothing else.
func TestPlaces(t *testing.T) {
	wrong := hub.Position{Seq: 15, Stamp: far}
	for name, c := range map[string]struct {
		since string
		whole bool
		first uint64 // that it gets, of those up to 20
	}{
		"the end":                   {place(20).String(), true, 21},
		"in the ring":               {place(15).String(), true, 16},
		"the first":                 {place(11).String(), true, 12},
		"the floor":                 {place(10).String(), true, 11},
		"before the floor":          {place(9).String(), false, 0},
		"the start":                 {hub.Position{}.String(), false, 0},
		"in the ring, other stamp":  {wrong.String(), false, 0},
		"at the floor, other stamp": {hub.Position{Seq: 10, Stamp: 1}.String(), false, 0},
		"no place":                  {"what", false, 0},
		"too long":                  {place(15).String() + "0000000000000000000000000000000", false, 0},
		"not as it was said":        {"0" + place(15).String(), false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T) {
				h := &hub.Hub{}
				tail := feed(t, h)
				tail.Start(place(10))
				for seq := uint64(11); seq <= 20; seq++ {
					tail.Append(entry(seq))
				}
				tail.Synced(20)
				cl, first := dial(t, service(h, nil), c.since, "a")
				if first.Reset == c.whole || c.whole && first.At != c.since || !c.whole && first.At != place(20).String() {
					t.Fatalf("first frame %+v", first)
				}
				for seq := c.first; c.whole && seq <= 20; seq++ {
					if f := cl.next(); f.At != place(seq).String() || f.Reset {
						t.Fatalf("%+v, want %d", f, seq)
					}
				}
				cl.silent("after what it missed")
			})
		})
	}
}

// A node that the log is ahead of lets those wait who were at others.
func TestPlaceAhead(t *testing.T) {
	other := hub.Position{Seq: 25, Stamp: far}
	for name, c := range map[string]struct {
		since string
		then  func(tail *hub.Tail)
		reset bool
		next  uint64
	}{
		"reached": {place(25).String(), func(tail *hub.Tail) { tail.Append(entry(24), entry(25), entry(26)) }, false, 26},
		"reached one by one": {place(22).String(), func(tail *hub.Tail) {
			for seq := uint64(21); seq < 25; seq++ {
				tail.Append(entry(seq))
				synctest.Wait()
			}
		}, false, 23},
		"reached, and another entry is there": {other.String(), func(tail *hub.Tail) { tail.Append(entry(25), entry(26)) }, true, 0},
		"the log says twice that it ends before": {place(25).String(), func(tail *hub.Tail) {
			tail.Synced(21)
			synctest.Wait()
			tail.Synced(21)
		}, true, 0},
		"the log begins anew elsewhere": {place(25).String(), func(tail *hub.Tail) {
			tail.Start(place(30))
			tail.Synced(30)
		}, true, 0},
		"the log begins anew there": {place(25).String(), func(tail *hub.Tail) {
			tail.Start(place(25))
			tail.Append(entry(26))
		}, false, 26},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T) {
				h := &hub.Hub{}
				tail := feed(t, h)
				tail.Start(place(10))
				tail.Append(entry(20))
				tail.Synced(20)
				cl, first := dial(t, service(h, nil), c.since, "a")
				if first.At != c.since || first.Reset {
					t.Fatalf("first frame %+v", first)
				}
				tail.Synced(20) // may have been asked before the client said 25
				synctest.Wait()
				c.then(tail)
				f := cl.next()
				if f.Reset != c.reset || !c.reset && f.At != place(c.next).String() {
					t.Errorf("got %+v", f)
				}
			})
		})
	}
}

// Before the node has had all, nobody begins: what was said earlier is not for newcomers.
func TestJoinBeforeReady(t *testing.T) {
	in(t, func(t *testing.T) {
		h := &hub.Hub{}
		tail := feed(t, h)
		sv := service(h, func(m *hub.Member, _ *http.Request) { m.Add("b") })
		fresh, since, bad := make(chan *client, 1), make(chan *client, 1), make(chan *client, 1)
		go func() { c, _ := dial(t, sv, "", "a"); fresh <- c }()
		go func() { c, _ := dial(t, sv, place(14).String(), "a"); since <- c }()
		go func() {
			c, f := dial(t, sv, "bad", "a")
			if !f.Reset {
				t.Error(f)
			}
			bad <- c
		}()
		synctest.Wait()
		tail.Start(place(10))
		for seq := uint64(11); seq <= 15; seq++ {
			e := entry(seq)
			tail.Append(e)
		}
		tail.Synced(16)
		synctest.Wait()
		if len(fresh)+len(bad) > 0 || h.Lag() > 0 {
			t.Error("began before the node had all")
		}
		e := entry(16)
		e.Topic = "b"
		tail.Append(e)
		if err := h.Ready(t.Context()); err != nil {
			t.Error(err)
		}
		c, b, s := <-fresh, <-bad, <-since
		if c.at != place(16).String() || b.at != c.at {
			t.Error(c.at, b.at)
		}
		if f := s.next(); f.At != place(15).String() { // and 16 is of b, which was added
			t.Error(f)
		}
		e = entry(17)
		e.Topic = "b"
		tail.Append(e, entry(18))
		for _, c := range []*client{c, b, s} {
			for seq := uint64(17); seq <= 18; seq++ {
				if f := c.next(); f.At != place(seq).String() {
					t.Error(f)
				}
			}
		}
	})
}

// When the log has lost its end, every session is told so once, and goes on.
func TestStartAnew(t *testing.T) {
	in(t, func(t *testing.T) {
		h := &hub.Hub{}
		tail := feed(t, h)
		tail.Start(place(10))
		tail.Append(entry(20))
		tail.Synced(20)
		sv := service(h, nil)
		var all []*client
		for range 5 {
			c, _ := dial(t, sv, "", "a")
			all = append(all, c)
		}
		// Numbers that were there are there again, with other stamps.
		anew := hub.Position{Seq: 12, Stamp: far - 1}
		tail.Start(anew)
		e := entry(13)
		e.Stamp = far
		tail.Append(e)
		for _, c := range all {
			if f := c.next(); !f.Reset || f.At != anew.String() {
				t.Errorf("%+v", f)
			}
			if f := c.next(); f.Reset || f.At != e.Position.String() {
				t.Errorf("%+v", f)
			}
		}
		synctest.Wait()
		if st := h.Stats(); st.Resets != 5 || st.Members != 5 || st.Topics != 1 {
			t.Errorf("%+v", st)
		}
		for _, c := range all {
			c.silent("one reset")
		}
		if _, f := dial(t, sv, place(20).String(), "a"); f.Reset || f.At != place(20).String() {
			t.Errorf("%+v: it may yet come", f)
		}
	})
}

// Lag is counted from when the node last knew that it had all.
func TestLag(t *testing.T) {
	in(t, func(t *testing.T) {
		h := &hub.Hub{}
		tail := feed(t, h)
		time.Sleep(time.Second)
		lag := func(want time.Duration) {
			t.Helper()
			if h.Lag() != want || h.Stats().Lag != want {
				t.Errorf("%v, want %v", h.Lag(), want)
			}
		}
		lag(time.Second) // since it started
		tail.Start(place(10))
		tail.Synced(10)
		lag(0)
		time.Sleep(time.Second)
		tail.Synced(12)
		lag(time.Second)
		time.Sleep(time.Second)
		lag(2 * time.Second)
		tail.Append(entry(11), entry(12))
		lag(time.Second) // it has what there was a second ago
		local := &hub.Hub{}
		defer local.Close()
		if time.Sleep(time.Hour); local.Lag() != 0 {
			t.Error(local.Lag())
		}
	})
}

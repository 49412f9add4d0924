package logtest

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"example.com/wsecho/wsecho/hub"
)

// testReturn: who comes back, at whatever node, gets what it missed of its topics, and goes on.
func testReturn(t *testing.T, c *cluster) {
	say := func(from, to int) {
		for n := from; n < to; n++ {
			publish(t, c.node(n), hub.Message{Topic: [...]string{"a", "b", "c"}[n%3], ID: fmt.Sprint(n)})
		}
	}
	cl, first := dial(t, c.node(0), "", "a", "b")
	say(0, 30)
	ats := map[int]string{-1: first.At}
	var backs []*client
	for n := range 30 {
		if n%3 < 2 {
			ats[n] = cl.message().At
		}
	}
	for _, n := range []int{-1, 0, 15, 27, 28} {
		for i := range c.nodes {
			back, f := dial(t, c.node(i), ats[n], "a", "b")
			if f.At != ats[n] {
				t.Errorf("first frame %+v, came with %s", f, ats[n])
			}
			for k := n + 1; k < 30; k++ {
				if k%3 == 2 {
					continue
				}
				if f := back.message(); f.ID != fmt.Sprint(k) || f.At != ats[k] {
					t.Fatalf("since %d at node %d: %+v, want %d at %s", n, i, f, k, ats[k])
				}
			}
			backs = append(backs, back)
		}
	}
	say(30, 40)
	for _, back := range backs {
		for k := 30; k < 40; k++ {
			if k%3 == 2 {
				continue
			}
			if f := back.message(); f.ID != fmt.Sprint(k) {
				t.Fatalf("%+v after what it missed, want %d", f, k)
			}
		}
	}
}

// testPlaces: what is no place of the log is a reset, once, and the session goes on from where it is told.
func testPlaces(t *testing.T, c *cluster) {
	cl, _ := dial(t, c.node(0), "", "a")
	for n := range 10 {
		publish(t, c.node(0), hub.Message{Topic: "a", ID: fmt.Sprint(n)})
	}
	var places []string
	for range 10 {
		places = append(places, cl.message().At)
	}
	seq, stamp := split(t, places[5])
	last, lastStamp := split(t, places[9])
	forged := map[string]string{
		"no place":             "x",
		"another stamp":        join(seq, stamp+1),
		"another number":       join(seq+1, stamp),
		"the start of others":  join(0, 1),
		"behind the end":       join(last+1_000_000, lastStamp+1),
		"just behind the end":  join(last+1, lastStamp+1),
		"the last there is":    join(1<<64-1, 1<<64-1),
		"the end, other stamp": join(last, lastStamp-1),
	}
	waiting := map[string]*client{}
	for name, since := range forged {
		cl, f := dial(t, c.node(1), since, "a")
		if !f.Reset {
			waiting[name] = cl // it may be ahead, until the log says that it is not
		}
	}
	for name, cl := range waiting {
		if f := cl.reset(); !f.Reset || f.At == forged[name] {
			t.Errorf("%s: %+v", name, f)
		}
	}
	for _, cl := range waiting {
		back, f := dial(t, c.node(0), cl.at, "a")
		if f.Reset {
			t.Errorf("the place of a reset, %s, is none", cl.at)
		}
		publish(t, c.node(0), hub.Message{Topic: "a", ID: "end"})
		if f := back.message(); f.ID != "end" {
			t.Errorf("%+v", f)
		}
		break
	}
}

// split returns the two numbers of a place.
func split(t *testing.T, at string) (seq, stamp uint64) {
	a, b, _ := strings.Cut(at, "-")
	seq, err := strconv.ParseUint(a, 36, 64)
	if err == nil {
		stamp, err = strconv.ParseUint(b, 36, 64)
	}
	if err != nil {
		t.Fatalf("%q is no place", at)
	}
	return seq, stamp
}

// join is the reverse of split.
func join(seq, stamp uint64) string { return hub.Position{Seq: seq, Stamp: stamp}.String() }

// testLateNode: at a node that comes later, who comes back gets all, or is told; and the order is the same.
func testLateNode(t *testing.T, c *cluster) {
	if len(c.logs) == len(c.nodes) {
		t.Log("one node is all that there is")
		return
	}
	cl, first := dial(t, c.node(0), "", "a")
	for n := range 20 {
		publish(t, c.node(0), hub.Message{Topic: "a", ID: fmt.Sprint(n)})
	}
	var last frame
	for range 20 {
		last = cl.message()
	}
	late := c.add(t, c.logs[len(c.logs)-1])
	if back, f := dial(t, late, first.At, "a"); !f.Reset {
		for n := range 20 {
			if f := back.message(); f.ID != fmt.Sprint(n) {
				t.Fatalf("%+v, want %d", f, n)
			}
		}
	}
	back, f := dial(t, late, last.At, "a")
	if f.Reset {
		t.Error("the log's end is no place at the new node")
	}
	publish(t, c.node(0), hub.Message{Topic: "a", ID: "end"})
	if a, b := cl.message(), back.message(); a.ID != "end" || a.At != b.At {
		t.Errorf("%+v and %+v", a, b)
	}
}

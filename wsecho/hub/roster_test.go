package hub_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"example.com/wsecho/wsecho/hub"
)

// nodes is a Registry that hands on what each of its nodes puts.
type nodes struct {
	name    string
	others  []*hub.Roster
	roster  chan *hub.Roster
	removed int
}

func (n *nodes) Put(a hub.Appearance) {
	for _, r := range n.others {
		r.Put(n.name, a)
	}
}

func (n *nodes) Remove(a hub.Appearance) {
	n.removed++
	for _, r := range n.others {
		r.Remove(n.name, a.Session, a.Topic)
	}
}

func (n *nodes) Follow(ctx context.Context, r *hub.Roster) error {
	n.roster <- r
	<-ctx.Done()
	return nil
}

// A user of two nodes is one; a node that is gone takes its users with it; what Begin and Complete do not see is gone.
func TestRegistry(t *testing.T) {
	in(t, func(t *testing.T) {
		reg := &nodes{name: "n1", roster: make(chan *hub.Roster)}
		h := &hub.Hub{Registry: reg}
		defer h.Close()
		if _, err := h.Here("room"); !errors.Is(err, hub.ErrUnavailable) {
			t.Error(err)
		}
		r := <-reg.roster
		r.Begin()
		r.Complete()
		other := &hub.Hub{}
		defer other.Close()
		reg.others = []*hub.Roster{hub.RosterOf(other)}
		sv := lobby(h)
		watcher := enter(t, lobby(other), "watch=1")
		watcher.hears("here  0")
		ann := enter(t, sv, "user=ann")
		watcher.hears("joined ann 1")
		r.Put("n2", hub.Appearance{Session: "1", Topic: "room", User: "ann", Since: time.Now().Add(-time.Hour)})
		r.Put("n2", hub.Appearance{Session: "2", Topic: "room", User: "ben", Since: time.Now()})
		r.Put("", hub.Appearance{Session: "3", Topic: "room", User: "nobody"})
		r.Put("n2", hub.Appearance{Session: "3", Topic: "", User: "nobody"})
		r.Put("n2", hub.Appearance{Session: "3", Topic: "room", User: "nobody", Info: json.RawMessage("{")})
		if got := here(t, h); got != "ann2 ben1" {
			t.Error(got)
		}
		if all, _ := h.Here("room"); time.Since(all[0].Since) != time.Hour {
			t.Error(all)
		}
		own := r.Own()
		if len(own) != 1 || own[0].User != "ann" || own[0].Topic != "room" {
			t.Errorf("%+v", own)
		}
		r.Put("n2", hub.Appearance{Session: "2", Topic: "room", User: "cid", Since: time.Now()})
		r.Begin()
		r.Put("n2", hub.Appearance{Session: "1", Topic: "room", User: "ann", Since: time.Now()})
		r.Complete()
		time.Sleep(6 * time.Second)
		if got := here(t, h); got != "ann2" {
			t.Error(got)
		}
		r.Drop("n2")
		r.Drop("") // no node: this one's stay
		ann.leave()
		synctest.Wait()
		if got := here(t, h); got != "ann0" {
			t.Error(got)
		}
		watcher.hears("left ann 0")
		enter(t, sv, "user=ben")
		synctest.Wait() // he appears once he has joined
		h.Close()       // leaves ben to the other nodes' patience
		time.Sleep(time.Minute)
		if reg.removed != 1 || !slices.ContainsFunc(must(other.Here("room")), func(p hub.Presence) bool { return p.User == "ben" }) {
			t.Errorf("%d removed", reg.removed)
		}
	})
}

func must(all []hub.Presence, _ error) []hub.Presence { return all }

// Presence comes after the first frame, though that may take long.
func TestPresenceAfterTheFirstFrame(t *testing.T) {
	in(t, func(t *testing.T) {
		h := &hub.Hub{}
		tail := feed(t, h)
		first := make(chan *client)
		go func() { first <- enter(t, lobby(h), "user=ann&watch=1") }()
		time.Sleep(10 * time.Second)
		tail.Start(place(1))
		tail.Synced(1)
		c := <-first
		if c.at != place(1).String() {
			t.Errorf("the first frame had no place: %q", c.at)
		}
		c.hears("here ann 1")
	})
}

package hub

import (
	"bytes"
	"sync"
	"time"
)

const (
	maxListed  = 200                   // users beyond which watchers are told the number alone
	watchEvery = time.Second           // between two frames at least
	mergeFor   = 50 * time.Millisecond // so that what happens at one time is one frame
)

// watch is those who watch a topic, and what they have not been told yet. Roster.mu guards it, but for sending.
type watch struct {
	members map[*Member]bool     // true: it is to be told all
	changed map[string]*Presence // the users that may have, as they were when the last frame was made; nil: not there
	many    bool                 // the last frame had the number alone
	timer   *time.Timer          // runs flush; nil: nothing to tell
	last    time.Time            // of the last frame

	sending sync.Mutex // held while frames are made and sent, in order; taken before Roster.mu
}

// note keeps how a user was before a change; nil: not there.
func (w *watch) note(name string, u *user) {
	if len(w.members) == 0 {
		return
	}
	if _, noted := w.changed[name]; noted {
		return
	}
	if w.changed == nil {
		w.changed = map[string]*Presence{}
	}
	if u == nil {
		w.changed[name] = nil
		return
	}
	was := u.last
	w.changed[name] = &was
}

// stop ends the timer.
func (w *watch) stop() {
	if w.timer != nil {
		w.timer.Stop()
	}
}

// watch lets m watch topic.
func (r *Roster) watch(m *Member, topic string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if m.shows.Store(true); m.over.Load() || r.closed {
		return
	}
	g := r.gathering(topic)
	if g.watch.members == nil {
		g.watch.members = map[*Member]bool{}
	}
	g.watch.members[m] = true
	m.watches = append(m.watches, g)
	r.plan(g)
}

// unwatch ends m's watching of topic.
func (r *Roster) unwatch(m *Member, topic string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, g := range m.watches {
		if g.topic == topic {
			r.unwatchLocked(m, g)
		}
	}
}

// unwatchAll ends all that m watches.
func (r *Roster) unwatchAll(m *Member) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, g := range m.watches {
		r.unwatchLocked(m, g)
	}
	m.watches = nil
}

// unwatchLocked takes m off those who watch g. Under mu.
func (r *Roster) unwatchLocked(m *Member, g *gathering) {
	delete(g.watch.members, m)
	if len(g.watch.members) == 0 {
		g.watch.changed = nil
	}
	r.tidy(g)
}

// plan sees to it that those who watch g are told, soon or when the last frame is a second ago. Under mu.
func (r *Roster) plan(g *gathering) {
	if len(g.watch.members) > 0 && g.watch.timer == nil && !r.closed {
		in := max(time.Until(g.watch.last.Add(watchEvery)), mergeFor)
		g.watch.timer = time.AfterFunc(in, func() { r.flush(g) })
	}
}

// flush tells those who watch g what they do not know.
func (r *Roster) flush(g *gathering) {
	g.watch.sending.Lock()
	defer g.watch.sending.Unlock()
	all, some := r.news(g) // some may be to get all
	var again []*Member
	for m, f := range some {
		if f == nil {
			f = all
		}
		if !m.greeted.Load() || f.trySend(m.session) != nil {
			again = append(again, m)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range again { // it reads slowly: all, when there is room
		if _, still := g.watch.members[m]; still {
			g.watch.members[m] = true
			r.plan(g)
		}
	}
}

// news returns who is to get which frame; nil: all, which tells everything.
func (r *Roster) news(g *gathering) (all *frame, some map[*Member]*frame) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := &g.watch
	w.timer, w.last = nil, time.Now()
	many := len(g.users) > maxListed
	joined, gone := g.changes()
	var changes *frame // nil: all
	switch {
	case many != w.many || many && len(joined)+len(gone) > 0:
	case len(joined)+len(gone) == 0:
		changes = &frame{} // says nothing
	default:
		changes = r.encode(Event{Here: &Here{Topic: g.topic, Joined: joined, Left: gone, Users: len(g.users)}})
	}
	w.changed, w.many = nil, many
	some = make(map[*Member]*frame, len(w.members))
	for m, wantsAll := range w.members {
		if some[m] = changes; wantsAll {
			some[m], w.members[m] = nil, false
		}
		if some[m] == nil && all == nil {
			all = r.encode(Event{Here: g.here(many)})
		}
	}
	return all, some
}

// here returns all that there is to tell. Under Roster.mu.
func (g *gathering) here(many bool) *Here {
	h := &Here{Topic: g.topic, Users: len(g.users)}
	if !many {
		h.All = g.list()
	}
	return h
}

// changes returns who came, or has another Info, and who went since the last frame. Under Roster.mu.
func (g *gathering) changes() (joined, gone []Presence) {
	for name, was := range g.watch.changed {
		switch u := g.users[name]; {
		case u == nil && was != nil:
			gone = append(gone, *was)
		case u != nil && (was == nil || !bytes.Equal(was.Info, u.last.Info) || !was.Since.Equal(u.last.Since)):
			joined = append(joined, u.last)
		}
	}
	return sorted(joined), sorted(gone)
}

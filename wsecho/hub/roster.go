package hub

import (
	"cmp"
	"sync"
	"time"
)

// Roster is what a node knows about who appears where. A Registry feeds it with the appearances of the other
// nodes; those of this one are known to it. Its methods may be called from any goroutine.
type Roster struct {
	grace    time.Duration
	registry Registry // nil: there are no other nodes
	encode   func(Event) *frame

	ownMu    sync.Mutex         // guards what follows up to mu; taken before it, and around the Registry's methods
	members  map[*Member]*shown // those of this node that have called Appear
	sessions uint64             // how many have had a name

	mu       sync.Mutex // guards what follows
	topics   map[string]*gathering
	all      map[shownKey]known // all that appear
	round    uint64             // how often Begin was called
	complete bool               // Complete was called once, or there is no Registry
	closed   bool
}

// thisNode stands for the node of the Roster itself. A Registry calls no node so.
const thisNode = ""

// shownKey tells one appearance from all others.
type shownKey struct{ node, session, topic string }

// known is what the Roster keeps of an appearance.
type known struct {
	user  *user
	round uint64 // the Roster's, when it was last Put
}

// newRoster returns that of h.
func newRoster(h *Hub) *Roster {
	return &Roster{
		grace:    cmp.Or(h.Grace, 5*time.Second),
		registry: h.Registry,
		encode:   h.encode,
		members:  map[*Member]*shown{},
		topics:   map[string]*gathering{},
		all:      map[shownKey]known{},
		complete: h.Registry == nil,
	}
}

// Begin says that Put comes next for everything that the other nodes have; what was there before and does not come
// is removed by Complete.
func (r *Roster) Begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.round++
}

// Put says that a appears at node, which is not this one and not "". The same Session and Topic replace what was
// there.
func (r *Roster) Put(node string, a Appearance) {
	if node != thisNode && checkTopic(a.Topic) == nil && isText(a.Info) {
		r.put(node, a)
	}
}

// put is Put, also for this node.
func (r *Roster) put(node string, a Appearance) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	key := shownKey{node, a.Session, a.Topic}
	g := r.gathering(a.Topic)
	if old, ok := r.all[key]; ok && old.user.name != a.User {
		r.removeKey(key)
	}
	u := g.users[a.User]
	g.watch.note(a.User, u)
	if u == nil {
		u = &user{name: a.User, since: a.Since}
		g.users[a.User] = u
	}
	u.keep()
	u.drop(key)
	u.sessions = append(u.sessions, session{key, a})
	u.refresh()
	r.all[key] = known{u, r.round}
	r.plan(g)
}

// Remove says that the one of that session and topic does not appear at node any more.
func (r *Roster) Remove(node, session, topic string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.removeKey(shownKey{node, session, topic})
}

// Drop says that node is gone, with everything that appeared there.
func (r *Roster) Drop(node string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key := range r.all {
		if key.node == node && node != thisNode {
			r.removeKey(key)
		}
	}
}

// Complete ends what Begin began: from here on Hub.Here knows.
func (r *Roster) Complete() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, k := range r.all {
		if key.node != thisNode && k.round != r.round {
			r.removeKey(key)
		}
	}
	r.complete = true
}

// removeKey takes one appearance off. A user without any is there until Grace has passed. Under mu.
func (r *Roster) removeKey(key shownKey) {
	k, ok := r.all[key]
	if !ok || r.closed {
		return
	}
	u := k.user
	delete(r.all, key)
	g := r.topics[key.topic]
	g.watch.note(u.name, u)
	u.drop(key)
	u.refresh()
	if len(u.sessions) == 0 {
		u.grace = time.AfterFunc(r.grace, func() { r.expire(g, u) })
	}
	r.plan(g)
}

// expire lets a user leave for whom Grace has passed.
func (r *Roster) expire(g *gathering, u *user) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(u.sessions) > 0 || g.users[u.name] != u || r.closed {
		return // back meanwhile
	}
	g.watch.note(u.name, u)
	delete(g.users, u.name)
	r.plan(g)
	r.tidy(g)
}

// gathering returns that of topic. Under mu.
func (r *Roster) gathering(topic string) *gathering {
	g := r.topics[topic]
	if g == nil {
		g = &gathering{topic: topic, users: map[string]*user{}}
		r.topics[topic] = g
	}
	return g
}

// tidy forgets a topic in which nobody is and which nobody watches. Under mu.
func (r *Roster) tidy(g *gathering) {
	if len(g.users) == 0 && len(g.watch.members) == 0 && r.topics[g.topic] == g {
		g.watch.stop()
		delete(r.topics, g.topic)
	}
}

// list returns the users of topic, and whether those of all nodes are among them.
func (r *Roster) list(topic string) (all []Presence, complete bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if g := r.topics[topic]; g != nil {
		all = g.list()
	}
	return all, r.complete
}

// isClosed says whether close was called.
func (r *Roster) isClosed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}

// close stops all timers.
func (r *Roster) close() {
	r.ownMu.Lock()
	defer r.ownMu.Unlock()
	for _, s := range r.members {
		if s.drain != nil {
			s.drain.Stop()
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	for _, g := range r.topics {
		g.watch.stop()
		for _, u := range g.users {
			if u.grace != nil {
				u.grace.Stop()
			}
		}
	}
}

package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"example.com/wsecho/wsecho"
)

// drainTime is how long the users of sessions that a Shutdown ended are still shown by this node. By then its
// process is gone, its users are at other nodes, and the Registry lets the others forget it: a deploy does not show
// as everybody leaving and joining. Where the process lives on they leave after all.
const drainTime = 15 * time.Second

// Here returns the users that appear in topic, on whatever node, the longest here first. An error matches
// ErrUnavailable: this node does not know yet who appears at the others, and those returned are its own.
func (h *Hub) Here(topic string) ([]Presence, error) {
	h.start()
	all, complete := h.roster.list(topic)
	if !complete {
		return all, fmt.Errorf("%w: the registry of presence has not been read", ErrUnavailable)
	}
	return all, nil
}

// Appear lets the user be seen in topic until the session ends: once, however many sessions there are. info is JSON
// for those who watch, such as a name and a picture; nil: nothing. A second call for the same topic replaces what
// was there. The session need not be a member of topic. Where info is no JSON the user appears without, which is logged.
func (m *Member) Appear(topic, user string, info json.RawMessage) {
	if checkTopic(topic) != nil {
		return
	}
	h := m.shard.hub
	if !isText(info) {
		h.logger().Error("hub: Appear with an info that is no JSON", "topic", topic)
		info = nil
	}
	h.roster.appear(m, Appearance{Topic: topic, User: user, Info: append(json.RawMessage(nil), info...), Since: time.Now().UTC()})
}

// Watch tells the session who comes to topic and goes: first all, then the changes, in Event.Here. There is at most
// one frame a second, and where there are more than 200 users it has their number alone. These frames have no
// place and are not replayed: who comes back is told all. The session need not be a member of topic.
func (m *Member) Watch(topic string) {
	if checkTopic(topic) == nil {
		m.shard.hub.roster.watch(m, topic)
	}
}

// appear lets m show a.
func (r *Roster) appear(m *Member, a Appearance) {
	r.ownMu.Lock()
	defer r.ownMu.Unlock()
	if m.shows.Store(true); m.over.Load() || r.isClosed() {
		return // nobody would take it off again
	}
	shows := r.shows(m)
	a.Session = shows.session
	if old, again := shows.own[a.Topic]; again {
		a.Since = old.Since
	}
	shows.own[a.Topic] = a
	r.put(thisNode, a)
	if r.registry != nil {
		r.registry.Put(a)
	}
}

// shown is what a Member has called Appear for.
type shown struct {
	session string // what the Registry calls it
	own     map[string]Appearance
	drain   *time.Timer // takes them off; nil: the session goes on
}

// shows returns what m shows, to be added to. Under ownMu.
func (r *Roster) shows(m *Member) *shown {
	s := r.members[m]
	if s == nil {
		r.sessions++
		s = &shown{session: strconv.FormatUint(r.sessions, 36), own: map[string]Appearance{}}
		r.members[m] = s
	}
	return s
}

// leave takes m off one topic.
func (r *Roster) leave(m *Member, topic string) {
	r.unwatch(m, topic)
	r.ownMu.Lock()
	defer r.ownMu.Unlock()
	if s := r.members[m]; s != nil {
		r.hide(s, topic)
	}
}

// leaveAll takes m off all topics, later if Shutdown ended the session.
func (r *Roster) leaveAll(m *Member) {
	r.unwatchAll(m)
	r.ownMu.Lock()
	defer r.ownMu.Unlock()
	s := r.members[m]
	if s == nil || s.drain != nil || r.isClosed() {
		return
	}
	if errors.Is(context.Cause(m.session.Context()), wsecho.ErrShutdown) {
		s.drain = time.AfterFunc(drainTime, func() { r.hideAll(m) })
		return
	}
	r.hideAllLocked(m, s)
}

// hideAll takes off all that m shows, unless the Hub is closed: then the Registry lets the others forget it.
func (r *Roster) hideAll(m *Member) {
	r.ownMu.Lock()
	defer r.ownMu.Unlock()
	if s := r.members[m]; s != nil && !r.isClosed() {
		r.hideAllLocked(m, s)
	}
}

// hideAllLocked is hideAll under ownMu.
func (r *Roster) hideAllLocked(m *Member, s *shown) {
	for topic := range s.own {
		r.hide(s, topic)
	}
	delete(r.members, m)
}

// hide takes one off. Under ownMu.
func (r *Roster) hide(s *shown, topic string) {
	a, ok := s.own[topic]
	if !ok {
		return
	}
	delete(s.own, topic)
	r.Remove(thisNode, a.Session, topic)
	if r.registry != nil {
		r.registry.Remove(a)
	}
}

// Own returns the appearances of this node's sessions, which the Registry tells the other nodes. It must not be
// called with a lock held that the Registry's Put or Remove takes.
func (r *Roster) Own() []Appearance {
	r.ownMu.Lock()
	defer r.ownMu.Unlock()
	var all []Appearance
	for _, s := range r.members {
		for _, a := range s.own {
			all = append(all, a)
		}
	}
	return all
}

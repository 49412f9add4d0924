package hub

import (
	"bytes"
	"cmp"
	"slices"
	"time"
)

// gathering is the users of a topic, and those who watch them.
type gathering struct {
	topic string
	users map[string]*user
	watch watch
}

// user is one who appears in a topic.
type user struct {
	name     string
	since    time.Time
	sessions []session
	grace    *time.Timer // runs while there are no sessions; nil: there are
	last     Presence    // as it was when the last session went, and while there is one, as it is
}

// session is one of the sessions in which a user appears.
type session struct {
	key shownKey
	Appearance
}

// keep takes back that the user leaves.
func (u *user) keep() {
	if u.grace != nil {
		u.grace.Stop()
		u.grace = nil
	}
}

// drop takes one of the user's sessions away.
func (u *user) drop(key shownKey) {
	u.sessions = slices.DeleteFunc(u.sessions, func(s session) bool { return s.key == key })
}

// refresh sets what others see of the user. All nodes see the same, in whatever order they heard of the sessions.
func (u *user) refresh() {
	u.last.User, u.last.Sessions = u.name, len(u.sessions)
	if len(u.sessions) == 0 {
		return
	}
	latest := slices.MaxFunc(u.sessions, func(a, b session) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Session, b.Session), bytes.Compare(a.Info, b.Info))
	})
	for _, s := range u.sessions {
		if s.Since.Before(u.since) {
			u.since = s.Since
		}
	}
	u.last.Info, u.last.Since = latest.Info, u.since
}

// list returns the users, the longest here first. Under Roster.mu.
func (g *gathering) list() []Presence {
	all := make([]Presence, 0, len(g.users))
	for _, u := range g.users {
		all = append(all, u.last)
	}
	return sorted(all)
}

// sorted sorts the longest here first.
func sorted(ps []Presence) []Presence {
	slices.SortFunc(ps, func(a, b Presence) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.User, b.User)) })
	return ps
}

package hub

import (
	"context"
	"sync/atomic"

	"example.com/wsecho/wsecho"
)

// A Member is a session in the topics of a Hub. Its methods may be called from any goroutine, never wait for the
// peer or the network, and do nothing once it has left.
type Member struct {
	session *wsecho.Session
	shard   *shard
	stop    func() bool // takes leave off the session's end

	watches []*gathering // guarded by Roster.mu

	greeted atomic.Bool // the first frame is out; presence must not come before it
	shows   atomic.Bool // it has called Appear or Watch, so that the roster may know it
	over    atomic.Bool // it has left: shows comes to nothing from now on

	// Guarded by shard.mu.
	state   state
	place   Position // everything of its topics up to it has been sent, or is not for it
	epoch   uint64   // of the Tail to which place belongs
	seats   []seat
	index   int    // of it in shard.members
	beat    uint8  // which of a shard's sweeps looks at it
	idle    uint8  // how many of them have seen that it got nothing
	owed    *frame // catching: comes first, for the queue was full; nil: nothing
	answers uint64 // waiting: of the Tail when it began to

	// What the client said, for as long as it is waiting.
	since     bool // place is what it said; else it starts at the end
	malformed bool // it is no place of any log
}

// state is how a Member gets its frames.
type state uint8

const (
	waiting  state = iota // nothing yet: the Tail has not reached its place
	catching              // from the ring, by a goroutine of the session's, at its own pace
	live                  // from the shard, as things come
	left                  // nothing any more
)

// Join makes s a member of topics until it ends, or Leave. since is the place that the client says it has reached:
// that of its last frame with one; "": it starts here. The first frame that s gets says where it is. Then comes what
// it missed, or, if that cannot be had whole, Event.Reset and nothing of it; then what is published. Join never
// waits, and no since is an error: what is no place of this log is a reset. Where the node has not reached the
// client's place, or is not Ready, the session gets its first message once it has.
//
// A session joins a Hub once; topics that it adds later start at the log's end then. Which topics a client may join is the
// hook's business; in one that is no topic (see Message.Topic) nothing can be published. After Close of the Hub
// the session is ended with 1001.
func (h *Hub) Join(s *wsecho.Session, since string, topics ...string) *Member {
	h.start()
	sh := h.shards[h.joined.Add(1)%uint64(len(h.shards))]
	m := &Member{session: s, shard: sh}
	if since != "" {
		var ok bool
		m.place, ok = parsePosition(since)
		m.since, m.malformed = ok, !ok
	}
	sh.join(m, topics)
	m.stop = context.AfterFunc(s.Context(), m.gone)
	return m
}

// Add makes it a member of more topics, from now on: what was published in them before it does not get. A client
// that was in them when it was cut off gets what it missed if they are among the topics of its next Join.
func (m *Member) Add(topics ...string) { m.shard.add(m, topics) }

// Remove ends the membership of topics, with what Appear and Watch began there. After it has returned
// the session gets nothing of them but what was queued, and one message at most that was about to be.
func (m *Member) Remove(topics ...string) {
	m.shard.remove(m, topics)
	if m.shows.Load() {
		for _, t := range topics {
			m.shard.hub.roster.leave(m, t)
		}
	}
}

// Leave ends all its memberships. It is not needed at the session's end.
func (m *Member) Leave() {
	m.stop()
	m.gone()
}

// gone is Leave, and what the session's end calls.
func (m *Member) gone() {
	m.over.Store(true)
	m.shard.leave(m)
	if m.shows.Load() {
		m.shard.hub.roster.leaveAll(m)
	}
}

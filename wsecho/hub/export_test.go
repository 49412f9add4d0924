package hub

import "time"

// NewLocal returns the log that a Hub without a Log has, for several Hubs to share as if they were nodes.
func NewLocal(window time.Duration) Log { return newLocal(window) }

// Entries returns how many entries h's Tail has, and in how many topics.
func Entries(h *Hub) (entries, topics int) {
	h.start()
	h.tail.mu.Lock()
	defer h.tail.mu.Unlock()
	return h.tail.ring.n, len(h.tail.topics)
}

// RosterOf returns what h knows about who appears where.
func RosterOf(h *Hub) *Roster {
	h.start()
	return h.roster
}

package hub

import "time"

// Stats is what a Hub counts on this node.
type Stats struct {
	Members   int           // sessions that are in it now
	Topics    int           // that have a member here now
	Published uint64        // by Publish here, also where it was the same again
	Delivered uint64        // messages given to sessions as they came
	Replayed  uint64        // messages given to sessions that came back or read slowly
	Behind    uint64        // how often a session read so slowly that it had to catch up
	Resets    uint64        // how often a session was told Event.Reset
	Lag       time.Duration // see Hub.Lag
}

// counts is what a shard counts. Its mu guards it.
type counts struct{ delivered, behind, resets uint64 }

// Stats returns the counters as they are now.
func (h *Hub) Stats() Stats {
	h.start()
	st := Stats{Published: h.published.Load(), Replayed: h.replayed.Load(), Lag: h.Lag()}
	topics := map[string]struct{}{}
	for _, s := range h.shards {
		s.addTo(&st, topics)
	}
	st.Topics = len(topics)
	return st
}

// addTo adds what s counts, and its topics.
func (s *shard) addTo(st *Stats, topics map[string]struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st.Members += len(s.members)
	st.Delivered += s.counts.delivered
	st.Behind += s.counts.behind
	st.Resets += s.counts.resets
	for t := range s.rooms {
		topics[t] = struct{}{}
	}
}

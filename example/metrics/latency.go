package metrics

import (
	"slices"
	"time"

	"example.com/wsecho/wsecho"
)

// wsechoSessions is what the open sessions of a Handler say of their peers.
type wsechoSessions struct {
	latencies []time.Duration // of those that have answered a ping, in order
	maxQueued int             // the most bytes that wait for one peer
}

// wsechoLook asks every open session, so its cost grows with them.
func wsechoLook(h *wsecho.Handler) (w wsechoSessions) {
	for s := range h.Sessions() {
		w.maxQueued = max(w.maxQueued, s.Queued())
		if d := s.Latency(); d > 0 {
			w.latencies = append(w.latencies, d)
		}
	}
	slices.Sort(w.latencies)
	return w
}

// percentiles yields the latency that half of the sessions do not exceed, that 99 % do not, and the longest; nothing if
// no ping has been answered yet.
func (w wsechoSessions) percentiles(yield func(percentile string, seconds float64)) {
	n := len(w.latencies)
	if n == 0 {
		return
	}
	for _, p := range []struct {
		name    string
		percent int
	}{{"50", 50}, {"99", 99}, {"100", 100}} {
		rank := (n*p.percent + 99) / 100 // rounded up, so at least 1
		yield(p.name, w.latencies[rank-1].Seconds())
	}
}

package hub

import (
	"errors"
	"time"

	"example.com/wsecho/wsecho"
)

// beats is into how many parts the members of a shard are divided, so that their heartbeats do not come all at once.
const beats = 8

// quietFor is how long a session gets nothing at most: then it is told its place, so that a quiet room does not
// fall out of the window, and a browser, which sees no pings, knows a quiet room from a dead path.
func (h *Hub) quietFor() time.Duration { return min(h.window()/4, 20*time.Second) }

// sweepEvery is how often a shard looks at the next part of its members. It takes two looks to see that one got
// nothing, which are half of quietFor apart.
func (h *Hub) sweepEvery() time.Duration { return max(h.quietFor()/(2*beats), time.Millisecond) }

// sweep tells the members of one part that got nothing since it was their turn the last time but one where they are.
func (s *shard) sweep() {
	if s.first {
		s.hub.tail.expire()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweeps = (s.sweeps + 1) % beats
	var f *frame
	var at Position
	for _, m := range s.members {
		if m.beat != s.sweeps || m.state != live && m.state != waiting || !m.greeted.Load() {
			continue
		}
		if m.idle++; m.idle < 2 {
			continue
		}
		m.idle = 0
		p := m.place
		if m.state == live {
			p = later(p, s.place)
		}
		if f == nil || p != at {
			f, at = s.hub.at(p), p
		}
		if err := f.trySend(m.session); !errors.Is(err, wsecho.ErrWriteLimit) {
			m.place = p
		}
	}
}

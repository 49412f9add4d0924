package hub

import (
	"context"
	"errors"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
)

// settleAll judges those who wait again. Under mu.
func (s *shard) settleAll() {
	kept := s.waiting[:0]
	for _, m := range s.waiting {
		if m.state == waiting {
			s.settle(m)
		}
		if m.state == waiting {
			kept = append(kept, m)
		}
	}
	clear(s.waiting[len(kept):])
	s.waiting = kept
}

// settle judges the place of m, which waits, and lets it begin if that can be done now. Under mu.
func (s *shard) settle(m *Member) {
	x := s.hub.tail.extent()
	if !x.ready || x.epoch != s.epoch {
		return // the Tail wakes the shard when that changes
	}
	reached := whole
	switch {
	case m.malformed:
		reached = lost
	case m.since:
		reached = s.hub.tail.judge(m.place, m.answers)
	default:
		m.place = x.last
	}
	switch reached {
	case ahead:
		if !m.greeted.Load() {
			s.greet(m)
		}
		return
	case lost:
		s.reset(m, x.last)
		return
	}
	m.epoch = s.epoch
	m.beginSeats(x.last.Seq)
	m.state = live
	switch {
	case !m.greeted.Load() && !s.greet(m):
		s.catchUp(m, s.hub.at(m.place))
	case m.place.Seq < s.place.Seq:
		s.catchUp(m, nil)
	}
}

// greet sends the first frame, which says where m is, and returns whether there was room for it. Under mu.
func (s *shard) greet(m *Member) bool {
	if s.hub.at(m.place).trySend(m.session) != nil {
		return false
	}
	m.greeted.Store(true)
	return true
}

// beginSeats lets the topics that were added while m waited begin behind the number. Under shard.mu.
func (m *Member) beginSeats(after uint64) {
	for _, at := range m.seats {
		if o := &at.room.occupants[at.index]; o.after == unsettled {
			o.after = after
		}
	}
}

// reset tells m that there may be messages before p that it never gets; it goes on behind p. Under mu.
func (s *shard) reset(m *Member, p Position) {
	f := s.resetTo(m, p)
	if m.state = live; f.trySend(m.session) == nil {
		m.greeted.Store(true)
		return
	}
	s.catchUp(m, f)
}

// resetTo lets m go on behind p, and returns what tells it so. Under mu.
func (s *shard) resetTo(m *Member, p Position) *frame {
	s.counts.resets++
	m.place, m.epoch, m.idle = p, s.epoch, 0
	for _, at := range m.seats {
		at.room.occupants[at.index].after = 0 // it may be a number of the log that was
	}
	return s.hub.encode(Event{At: p.String(), Reset: true})
}

// push gives e, whose frame is f, to a live session, or lets it catch up. Under mu.
func (s *shard) push(m *Member, e *entry, f *frame) {
	switch err := f.trySend(m.session); {
	case err == nil:
		m.place, m.idle = e.Position, 0
		s.counts.delivered++
	case errors.Is(err, wsecho.ErrWriteLimit):
		s.counts.behind++
		m.place = later(m.place, s.place) // all before e has been sent, or was not for it
		s.catchUp(m, nil)
	} // else it has ended: it leaves soon
}

// catchUp lets a goroutine of the session's give m what it lacks, owed first. Under mu.
func (s *shard) catchUp(m *Member, owed *frame) {
	m.state, m.owed = catching, owed
	m.session.Go(func(ctx context.Context) error { return s.catchUpAll(ctx, m) })
}

// catchUpAll gives m what it lacks, as fast as it reads, and makes it live.
func (s *shard) catchUpAll(ctx context.Context, m *Member) error {
	for {
		owed, es, upTo, done := s.lacks(m)
		switch {
		case done:
			return nil
		case owed != nil:
			if err := owed.send(ctx, m.session); err != nil {
				return err
			}
			m.greeted.Store(true)
		}
		for _, e := range es {
			if !s.wants(m, e) {
				continue
			}
			if err := s.hub.frameOf(e).send(ctx, m.session); err != nil {
				return err
			}
			m.place = e.Position // nobody else's while it is catching
			s.hub.replayed.Add(1)
		}
		m.place = later(m.place, upTo)
	}
}

// lacks returns what m gets next: owed, or all that it lacks up to upTo. done: it has left, or lacks nothing and is
// live.
func (s *shard) lacks(m *Member) (owed *frame, es []*entry, upTo Position, done bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.follow()
	switch {
	case m.state != catching:
		return nil, nil, upTo, true
	case m.epoch != s.epoch:
		m.owed = nil // of a log that is gone
		return s.resetTo(m, s.place), nil, upTo, false
	case m.owed != nil:
		owed, m.owed = m.owed, nil
		return owed, nil, upTo, false
	}
	ws := make([]wanted, len(m.seats))
	for i, at := range m.seats {
		ws[i] = wanted{at.room.topic, max(m.place.Seq, at.room.occupants[at.index].after)}
	}
	es, ok := s.hub.tail.missed(ws, s.epoch, s.place.Seq, s.hub.maxReplay())
	switch x := s.hub.tail.extent(); {
	case !ok && x.epoch != s.epoch:
		return nil, nil, upTo, false // Start came just now: once more
	case !ok:
		return s.resetTo(m, x.last), nil, upTo, false
	case len(es) > 0:
		return nil, es, s.place, false
	}
	m.place = later(m.place, s.place)
	m.state, m.idle = live, 0
	return nil, nil, upTo, true
}

// later returns the later one of two places of one log.
func later(p, q Position) Position {
	if p.Seq > q.Seq {
		return p
	}
	return q
}

// dismiss ends the session, since the Hub is closed.
func (m *Member) dismiss() { m.session.Close(websocket.StatusGoingAway, "") }

package hub

import "math"

// room is the members of a topic in one shard.
type room struct {
	topic     string
	occupants []occupant
}

// occupant is a Member in a room.
type occupant struct {
	member *Member
	after  uint64 // only entries of higher numbers are for it; 0: its own place decides; unsettled: none yet
}

// unsettled is the after of a topic that was added before the Member had a place.
const unsettled = math.MaxUint64

// A seat is a Member's place in a room.
type seat struct {
	room  *room
	index int // of it in room.occupants
}

// join lets m begin in topics.
func (s *shard) join(m *Member, topics []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		m.state = left
		m.dismiss()
		return
	}
	s.follow()
	m.answers = s.hub.tail.answers()
	m.index, m.beat = len(s.members), uint8(len(s.members)%beats)
	s.members = append(s.members, m)
	for _, t := range topics {
		s.sit(m, t, 0)
	}
	if s.settle(m); m.state == waiting {
		s.waiting = append(s.waiting, m)
	}
}

// add lets m have what comes in topics from now on.
func (s *shard) add(m *Member, topics []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	after := uint64(unsettled)
	if m.state != waiting {
		s.follow() // or the number might be of a log that is gone
		after = s.hub.tail.extent().last.Seq
	}
	for _, t := range topics {
		s.sit(m, t, after)
	}
}

// sit gives m a seat in the room of topic, unless it has one. Under mu.
func (s *shard) sit(m *Member, topic string, after uint64) {
	if m.state == left || checkTopic(topic) != nil || m.seatIn(topic) >= 0 {
		return
	}
	r := s.rooms[topic]
	if r == nil {
		r = &room{topic: topic}
		s.rooms[topic] = r
	}
	m.seats = append(m.seats, seat{r, len(r.occupants)})
	r.occupants = append(r.occupants, occupant{m, after})
}

// seatIn returns the index in seats of the one in topic; -1: there is none. Under shard.mu.
func (m *Member) seatIn(topic string) int {
	for i := range m.seats {
		if m.seats[i].room.topic == topic {
			return i
		}
	}
	return -1
}

// remove takes m out of topics.
func (s *shard) remove(m *Member, topics []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range topics {
		if i := m.seatIn(t); i >= 0 {
			s.rise(m.seats[i])
			last := len(m.seats) - 1
			m.seats[i] = m.seats[last]
			m.seats = m.seats[:last]
		}
	}
}

// rise empties a seat. The last occupant of the room takes it; a room without one is gone. Under mu.
func (s *shard) rise(from seat) {
	r := from.room
	last := len(r.occupants) - 1
	if from.index != last {
		moved := r.occupants[last]
		r.occupants[from.index] = moved
		moved.member.seats[moved.member.seatIn(r.topic)].index = from.index
	}
	r.occupants[last] = occupant{}
	r.occupants = r.occupants[:last]
	if last == 0 {
		delete(s.rooms, r.topic)
	}
}

// leave takes m out of everything.
func (s *shard) leave(m *Member) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m.state == left {
		return
	}
	m.state = left
	for _, from := range m.seats {
		s.rise(from)
	}
	m.seats, m.owed = nil, nil
	last := len(s.members) - 1
	moved := s.members[last]
	s.members[m.index], moved.index = moved, m.index
	s.members[last] = nil
	s.members = s.members[:last]
}

// wants says whether e is still for m, which catches up: it may have left the room meanwhile, or the log may have
// begun anew.
func (s *shard) wants(m *Member, e *entry) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return m.state == catching && m.epoch == s.epoch && m.seatIn(e.Topic) >= 0
}

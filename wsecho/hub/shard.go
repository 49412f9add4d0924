package hub

import (
	"sync"
	"time"
)

// shard has a part of the members, and a goroutine that hands them what comes, at its own pace: the Tail is its
// queue.
type shard struct {
	hub   *Hub
	first bool // it looks after the Tail's age

	mu      sync.Mutex // guards what follows, and the members' states; taken before a Tail's and a Session's
	place   Position   // of the last entry handed out
	epoch   uint64     // of the Tail to which place belongs
	rooms   map[string]*room
	members []*Member
	waiting []*Member // those of members that are, and some that were
	sweeps  uint8     // which of the members' beats was the last
	closed  bool
	counts  counts
}

// newShard returns one that begins where the Hub's Tail ends.
func newShard(h *Hub, first bool) *shard {
	x := h.tail.extent()
	return &shard{hub: h, first: first, place: x.last, epoch: x.epoch, rooms: map[string]*room{}}
}

// batch is how many entries a shard takes from the Tail at once.
const batch = 256

// run hands out what comes until the Hub is closed.
func (s *shard) run() {
	w := s.hub.tail.watch()
	defer s.hub.tail.unwatch(w)
	sweep := time.NewTicker(s.hub.sweepEvery())
	defer sweep.Stop()
	var buf [batch]*entry
	for s.hub.ctx.Err() == nil {
		n, epoch := s.take(buf[:])
		if n > 0 {
			s.handOut(buf[:n], epoch)
			clear(buf[:n]) // or a quiet shard would keep them
			continue
		}
		select {
		case <-w:
		case <-sweep.C:
			s.sweep()
		case <-s.hub.ctx.Done():
		}
	}
}

// take fills buf with the entries that come next, and returns how many and of which epoch, after it has done what
// the Tail's state asks for.
func (s *shard) take(buf []*entry) (n int, epoch uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.follow()
	n, ok := s.hub.tail.next(s.epoch, s.place.Seq, buf)
	for !ok { // the window has passed this goroutine by, or Start came just now
		s.restart()
		n, ok = s.hub.tail.next(s.epoch, s.place.Seq, buf)
	}
	s.settleAll()
	return n, s.epoch
}

// follow notices that the Tail was started anew. Under mu.
func (s *shard) follow() {
	if s.hub.tail.extent().epoch != s.epoch {
		s.restart()
	}
}

// restart begins again where the Tail does, and tells the live members so. Those who wait are judged by what
// comes; those who catch up see the epoch. Under mu.
func (s *shard) restart() {
	x := s.hub.tail.extent()
	s.place, s.epoch = x.floor, x.epoch
	for _, m := range s.members {
		if m.state == live {
			s.reset(m, s.place)
		}
	}
}

// turn is how many frames a shard sends before it lets others have its lock.
const turn = 64

// handOut gives es, which are of that epoch, to the live members of their topics.
func (s *shard) handOut(es []*entry, epoch uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sent := 0
	for _, e := range es {
		if sent >= turn {
			sent = 0
			s.mu.Unlock()
			s.mu.Lock()
		}
		if s.epoch != epoch {
			return // started anew while the lock was free
		}
		sent += s.handOutOne(e)
		s.place = e.Position
	}
}

// handOutOne gives e to the live members of its topic, and returns to how many. Under mu.
func (s *shard) handOutOne(e *entry) (sent int) {
	r := s.rooms[e.Topic]
	if r == nil {
		return 0
	}
	f := s.hub.frameOf(e)
	for _, o := range r.occupants {
		if m := o.member; m.state == live && e.Seq > max(o.after, m.place.Seq) {
			s.push(m, e, f)
			sent++
		}
	}
	return sent
}

// close ends the sessions of all members. The Hub's goroutines have ended.
func (s *shard) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, m := range s.members {
		m.dismiss()
	}
}

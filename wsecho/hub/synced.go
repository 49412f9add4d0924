package hub

import "time"

// synced is what a Tail knows about how far behind the log it may be. Tail.mu guards it.
type synced struct {
	answers uint64        // how often the log has said where it ends
	end     uint64        // what it said last
	askedAt time.Time     // when
	all     time.Time     // when the node last knew that it had all; zero: never
	readyCh chan struct{} // closed once all is not zero; nil: nobody has waited for it
}

// answer notes that the log said where it ends.
func (s *synced) answer(end uint64, now time.Time) {
	s.answers++
	s.end, s.askedAt = end, now
}

// reached notes that the Tail's last entry has the number last.
func (s *synced) reached(last uint64) {
	if s.answers == 0 || last < s.end {
		return
	}
	if s.all.IsZero() && s.readyCh != nil {
		close(s.readyCh)
	}
	s.all = s.askedAt
}

// isReady says whether the node had all at some time.
func (s *synced) isReady() bool { return !s.all.IsZero() }

// ready returns a channel that is closed once the Tail has had all.
func (t *Tail) ready() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.synced.readyCh == nil {
		t.synced.readyCh = make(chan struct{})
		if t.synced.isReady() {
			close(t.synced.readyCh)
		}
	}
	return t.synced.readyCh
}

// lag returns how long ago the node last knew that it had all; since start if it never did.
func (t *Tail) lag(start time.Time) time.Duration {
	t.mu.RLock()
	defer t.mu.RUnlock()
	switch {
	case t.isLog:
		return 0
	case t.synced.isReady():
		return time.Since(t.synced.all)
	}
	return time.Since(start)
}

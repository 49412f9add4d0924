package hub

import "slices"

// ear is what a Listen hears with: it notices the entries of one topic.
type ear struct {
	topic string
	first uint64        // the number of the first entry that has not been heard; 0: none. Tail.mu guards it
	token chan struct{} // has one while there is such an entry
}

// notice is told of each entry of the topic. Under Tail.mu.
func (r *ear) notice(seq uint64) {
	if r.first == 0 {
		r.first = seq
	}
	select {
	case r.token <- struct{}{}:
	default: // it is there
	}
}

// listen returns an ear for what comes in topic from now on.
func (t *Tail) listen(topic string) *ear {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := &ear{topic: topic, token: make(chan struct{}, 1)}
	if t.ears == nil {
		t.ears = map[string]map[*ear]struct{}{}
	}
	if t.ears[topic] == nil {
		t.ears[topic] = map[*ear]struct{}{}
	}
	t.ears[topic][r] = struct{}{}
	return r
}

// unlisten forgets r.
func (t *Tail) unlisten(r *ear) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.ears[r.topic], r)
	if len(t.ears[r.topic]) == 0 {
		delete(t.ears, r.topic)
	}
}

// heard returns the entries that r has noticed since the last call. whole is false if the window has passed some.
func (t *Tail) heard(r *ear) (es []*entry, whole bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	first := r.first
	if r.first = 0; first == 0 {
		return nil, true
	}
	for e := t.topics[r.topic]; e != nil && e.Seq >= first; e = e.prev {
		es = append(es, e)
	}
	slices.Reverse(es)
	return es, first > t.floor.Seq
}

// deafen lets all ears forget what they have noticed. Under mu.
func (t *Tail) deafen() {
	for _, rs := range t.ears {
		for r := range rs {
			r.first = 0
		}
	}
}

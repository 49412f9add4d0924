package hub

import (
	"cmp"
	"slices"
)

// verdict is what can be said of a place that a client claims to have reached.
type verdict int

const (
	whole verdict = iota // all that came after it is in the Tail
	lost                 // it is too long ago, or no place of this log
	ahead                // it may be one that the Tail has not reached yet
)

// judge says what can be said of p. answers is what answers returned when p was first judged: a log that has
// said twice since then that it ends before p was asked after p was claimed.
func (t *Tail) judge(p Position, answers uint64) verdict {
	t.mu.RLock()
	defer t.mu.RUnlock()
	switch {
	case !t.synced.isReady():
		return ahead
	case p == t.last || p == t.floor:
		return whole
	case p.Seq > t.last.Seq:
		if t.isLog || t.synced.answers >= answers+2 && t.synced.end < p.Seq {
			return lost
		}
		return ahead
	case p.Seq <= t.floor.Seq:
		return lost
	}
	if i := t.ring.after(p.Seq - 1); i < t.ring.n && t.ring.at(i).Position == p {
		return whole
	}
	return lost
}

// answers returns how often the log has said where it ends.
func (t *Tail) answers() uint64 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.synced.answers
}

// extent is where a Tail begins and ends.
type extent struct {
	floor, last Position
	epoch       uint64 // how often Start was called
	ready       bool   // the node has had all at some time
}

// extent returns where t begins and ends now.
func (t *Tail) extent() extent {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return extent{t.floor, t.last, t.epoch, t.synced.isReady()}
}

// next copies the entries behind seq into buf, of whatever topic, and returns how many. ok is false if Start was
// called since epoch, or what comes next is not there any more.
func (t *Tail) next(epoch, seq uint64, buf []*entry) (n int, ok bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if epoch != t.epoch || seq < t.floor.Seq {
		return 0, false
	}
	for i := t.ring.after(seq); i < t.ring.n && n < len(buf); i++ {
		buf[n] = t.ring.at(i)
		n++
	}
	return n, true
}

// wanted is a topic, and the number behind which its entries are wanted.
type wanted struct {
	topic string
	after uint64
}

// missed returns the wanted entries up to the number upto, in log order. ok is false if some of them may not be
// there any more, if Start was called since epoch, or if they are more than limit: then it has not looked at
// more than that.
func (t *Tail) missed(ws []wanted, epoch, upto uint64, limit int) (es []*entry, ok bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if epoch != t.epoch {
		return nil, false
	}
	for _, w := range ws {
		if w.after < t.floor.Seq {
			return nil, false
		}
		for e := t.topics[w.topic]; e != nil && e.Seq > w.after; e = e.prev {
			if e.Seq > upto {
				continue
			}
			if len(es) == limit {
				return nil, false
			}
			es = append(es, e)
		}
	}
	slices.SortFunc(es, func(a, b *entry) int { return cmp.Compare(a.Seq, b.Seq) })
	return es, true
}

// recent returns the last n entries of a topic, oldest first.
func (t *Tail) recent(topic string, n int) (es []*entry) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for e := t.topics[topic]; e != nil && len(es) < n; e = e.prev {
		es = append(es, e)
	}
	slices.Reverse(es)
	return es
}

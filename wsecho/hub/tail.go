package hub

import (
	"sync"
	"time"
)

// Tail is the copy of the end of a log that each node has in memory. A Log feeds it. Its zero value is empty and
// usable; a Hub makes its own. Its methods may be called from any goroutine.
type Tail struct {
	window   time.Duration // how long entries are kept; 0: for ever
	maxBytes int           // how much they may take; 0: without end
	isLog    bool          // there is no log but this: nothing is after last

	mu     sync.RWMutex // guards what follows; taken after a shard's
	ring   ring
	bytes  int               // what the entries of ring take
	floor  Position          // just before the first entry of ring
	last   Position          // of the last entry, or of Start
	topics map[string]*entry // the last entry of each topic; nil: none
	epoch  uint64            // how often Start was called
	wakers map[waker]struct{}
	ears   map[string]map[*ear]struct{} // those of Listen, by topic
	synced synced
}

// A waker gets a token whenever there is something new to look at.
type waker chan struct{}

// entryBytes is what an entry takes besides its strings and its data, twice: once as they came, once as a frame.
const entryBytes = 300

// entry is an Entry in the ring.
type entry struct {
	Entry
	prev, next *entry // of the same topic, within the ring
	frame      lazyFrame
}

// bytes is what e is reckoned to take.
func (e *entry) bytes() int {
	return entryBytes + 2*(len(e.Data)+len(e.ID)+len(e.From)) + len(e.Topic)
}

// Last returns the place of the last entry that was appended, or of the last Start if none was since; the zero
// Position before both.
func (t *Tail) Last() Position {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.last
}

// Start begins anew behind p: what was there is forgotten, and each session whose place was in it gets one
// Event.Reset. The first Start tells nobody. Where the stamp of p is not known it is 0.
func (t *Tail) Start(p Position) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ring, t.bytes, t.topics = ring{}, 0, nil
	t.floor, t.last = p, p
	t.epoch++
	t.deafen()
	t.wake()
}

// Append adds what comes next in the log. Entries at or before Last are dropped. The Tail keeps the entries'
// Data, which must not change any more.
func (t *Tail) Append(es ...Entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range es {
		if es[i].Seq > t.last.Seq {
			t.add(&entry{Entry: es[i]})
		}
	}
	t.trim(time.Now())
	t.reached()
	t.wake()
}

// add appends e. Under mu.
func (t *Tail) add(e *entry) {
	if before := t.topics[e.Topic]; before != nil {
		e.Topic = before.Topic // one string for all
		e.prev, before.next = before, e
	}
	if t.topics == nil {
		t.topics = map[string]*entry{}
	}
	t.topics[e.Topic] = e
	t.ring.push(e)
	t.bytes += e.bytes()
	t.last = e.Position
	for r := range t.ears[e.Topic] {
		r.notice(e.Seq)
	}
}

// trim drops what is too old or too much. Under mu.
func (t *Tail) trim(now time.Time) {
	oldest := uint64(now.Add(-t.window).UnixNano())
	for t.ring.n > 0 {
		e := t.ring.at(0)
		tooOld := t.window > 0 && e.Stamp < oldest
		tooMuch := t.maxBytes > 0 && t.bytes > t.maxBytes
		if !tooOld && !tooMuch {
			return
		}
		t.ring.pop()
		t.bytes -= e.bytes()
		t.floor = e.Position
		if e.next == nil {
			delete(t.topics, e.Topic)
			continue
		}
		// Both ways, or whoever still sends e, or is behind it in the topic, would keep all that ever was there.
		e.next.prev, e.next = nil, nil
	}
}

// expire drops what has become too old although nothing came.
func (t *Tail) expire() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.trim(time.Now())
}

// Synced says that the log ended at the number end when it was last asked. Once the Tail is as far, the node has
// all: Hub.Ready returns, and Hub.Lag is counted from here. A session whose client
// claims a place beyond end is told Event.Reset at the second call after it joined, as the first may have been asked
// before that place was there.
func (t *Tail) Synced(end uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.synced.answer(end, time.Now())
	t.reached()
	t.wake()
}

// reached notes how far the log has been read. What was read until the node had all was said before: no Listen is
// for it. Under mu.
func (t *Tail) reached() {
	was := t.synced.isReady()
	if t.synced.reached(t.last.Seq); !was {
		t.deafen()
	}
}

// watch returns a waker that is woken from now on.
func (t *Tail) watch() waker {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.wakers == nil {
		t.wakers = map[waker]struct{}{}
	}
	w := make(waker, 1)
	t.wakers[w] = struct{}{}
	return w
}

// unwatch forgets w.
func (t *Tail) unwatch(w waker) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.wakers, w)
}

// wake wakes all wakers. Under mu.
func (t *Tail) wake() {
	for w := range t.wakers {
		select {
		case w <- struct{}{}:
		default: // it has not looked since the last
		}
	}
}

package natslog

import (
	"sync"

	"github.com/nats-io/nats.go"
)

// pending is what is to be written to the stream of presence: the last word on each subject. While NATS is away it is
// no more than what appears at this node and what the others know of it: a session that comes and goes meanwhile,
// as those do whose messages are not stored, leaves nothing.
type pending struct {
	wake chan struct{} // has one if there is something; made by Registry

	mu    sync.Mutex
	words map[string]*nats.Msg // by subject
	tried map[string]bool      // subjects that the others may know: taken, and not written as gone since
	since map[string]bool      // subjects that were set since begin; nil: nobody asks
}

// set notes m, in place of an earlier word on its subject.
func (p *pending) set(m *nats.Msg) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.since != nil {
		p.since[m.Subject] = true
	}
	if isGone(m) && !p.tried[m.Subject] {
		delete(p.words, m.Subject) // nobody has heard of it
		return
	}
	p.setLocked(m)
}

// setLocked is set under mu, of what is to be written in any case.
func (p *pending) setLocked(m *nats.Msg) {
	if p.words == nil {
		p.words, p.tried = map[string]*nats.Msg{}, map[string]bool{}
	}
	p.words[m.Subject] = m
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// isGone says whether m is encodeGone's.
func isGone(m *nats.Msg) bool { return len(m.Data) == 0 }

// begin is called before everything is listed that set has noted so far, which cannot be done under mu.
func (p *pending) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.since = map[string]bool{}
}

// setAll ends what begin began: it notes the list, but for what has changed meanwhile.
func (p *pending) setAll(list []*nats.Msg) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range list {
		if !p.since[m.Subject] {
			p.setLocked(m)
		}
	}
	p.since = nil
}

// take removes and returns up to n words.
func (p *pending) take(n int) []*nats.Msg {
	p.mu.Lock()
	defer p.mu.Unlock()
	var batch []*nats.Msg
	for subject, m := range p.words {
		if len(batch) == n {
			break
		}
		batch = append(batch, m)
		delete(p.words, subject)
		p.tried[subject] = true
	}
	return batch
}

// written ends a batch that take returned. What failed is noted again, but for subjects on which there is another word
// by now.
func (p *pending) written(batch, failed []*nats.Msg) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range batch {
		if isGone(m) {
			delete(p.tried, m.Subject)
		}
	}
	for _, m := range failed {
		p.tried[m.Subject] = true
		if p.words[m.Subject] == nil {
			p.setLocked(m)
		}
	}
}

package natslog

import (
	"sync"

	"github.com/nats-io/nats.go"
)

// pending is what is to be written to the stream of presence: the last word on each subject. While NATS is away it grows
// with the sessions that come and go meanwhile, which are few words where they are many sessions' of the same node.
type pending struct {
	wake chan struct{} // has one if there is something; made by Registry

	mu    sync.Mutex
	words map[string]*nats.Msg // by subject
	since map[string]bool      // subjects that were set since begin; nil: nobody asks
}

// set notes m, in place of an earlier word on its subject.
func (p *pending) set(m *nats.Msg) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.setLocked(m)
	if p.since != nil {
		p.since[m.Subject] = true
	}
}

func (p *pending) setLocked(m *nats.Msg) {
	if p.words == nil {
		p.words = map[string]*nats.Msg{}
	}
	p.words[m.Subject] = m
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

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
	}
	return batch
}

// giveBack notes what could not be written, but for subjects on which there is another word by now.
func (p *pending) giveBack(batch []*nats.Msg) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range batch {
		if p.words[m.Subject] == nil {
			p.setLocked(m)
		}
	}
}

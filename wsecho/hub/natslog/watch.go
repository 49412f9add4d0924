package natslog

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"example.com/wsecho/wsecho/hub"
)

// A watch reads the stream of presence into a Roster, and keeps the node's own lease. It belongs to the goroutine of
// Follow.
type watch struct {
	l      *Log
	js     jetstream.JetStream
	own    string
	lease  lease
	leased chan struct{} // closed with the first lease
	tell   func()        // tells the others all of this node's appearances
	roster *hub.Roster

	stream  jetstream.Stream
	created time.Time       // of the stream that was read
	next    uint64          // the number from which on it was not
	begun   bool            // the Roster has all that was there
	alive   map[string]bool // nodes with a lease
	due     bool            // the lease is to be renewed, and the stream to be looked at
}

// look reads what is new, and does what is due.
func (w *watch) look(ctx context.Context) error {
	if !w.l.Conn.IsConnected() {
		return fmt.Errorf("nats is %s", w.l.Conn.Status())
	}
	if w.due {
		if err := w.check(ctx); err != nil {
			return err
		}
		held, err := w.lease.renew(ctx, w.js)
		if err != nil {
			return err
		}
		if !held {
			w.tell()
		}
		select {
		case <-w.leased:
		default:
			close(w.leased)
		}
		w.due = false
	}
	if !w.begun {
		return w.begin(ctx)
	}
	for more := true; more; {
		var words []word
		var err error
		if words, more, err = w.read(ctx); err != nil {
			return err
		}
		for _, h := range words {
			w.hear(ctx, h)
		}
	}
	return nil
}

// check sees whether the stream is still the one that was read. A stream in memory is lost with its servers.
func (w *watch) check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	if w.stream == nil {
		if err := w.l.ensure(ctx, w.l.hereConfig()); err != nil {
			return err
		}
	}
	s, err := w.js.Stream(ctx, w.l.hereStream())
	if err != nil {
		w.stream = nil
		return err
	}
	w.stream = s
	info := s.CachedInfo()
	if !info.Created.Equal(w.created) || info.State.LastSeq+1 < w.next {
		w.created, w.next, w.begun, w.lease.seq = info.Created, 1, false, 0
	}
	return nil
}

// begin reads all that is there. A node's lease may come behind what it is needed for, so the Roster hears of it last.
func (w *watch) begin(ctx context.Context) error {
	w.next, w.alive = 1, map[string]bool{}
	var all []word
	for more := true; more; {
		var words []word
		var err error
		if words, more, err = w.read(ctx); err != nil {
			return err
		}
		all = append(all, words...)
	}
	for _, h := range all {
		if h.Session == "" {
			w.alive[h.node] = !h.gone
		}
	}
	w.roster.Begin()
	dead := map[string]bool{}
	for _, h := range all {
		switch {
		case h.Session == "":
		case !w.alive[h.node]:
			dead[h.node] = true
		default:
			w.hear(ctx, h)
		}
	}
	w.roster.Complete()
	w.begun = true
	for node := range dead {
		w.purge(ctx, node, w.next)
	}
	return nil
}

// hear tells the Roster one word.
func (w *watch) hear(ctx context.Context, h word) {
	switch {
	case h.node == w.own:
		if h.Session == "" && h.gone {
			w.due = true
		}
	case h.Session == "" && h.gone:
		delete(w.alive, h.node)
		w.roster.Drop(h.node)
		w.purge(ctx, h.node, h.seq)
	case h.Session == "":
		w.alive[h.node] = true
	case !w.alive[h.node]: // it will find that its lease is gone, and tell all again
	case h.gone:
		w.roster.Remove(h.node, h.Session, h.Topic)
	default:
		w.roster.Put(h.node, h.Appearance)
	}
}

// read returns a page of words from next on.
func (w *watch) read(ctx context.Context) (words []word, more bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, pageTimeout)
	defer cancel()
	p, err := w.l.getPage(ctx, w.l.hereStream(), pageRequest{Seq: w.next, Subject: ">", Batch: pageSize})
	if err != nil {
		return nil, false, err
	}
	for _, s := range p.messages {
		if h, ok := w.l.decodeWord(s); ok {
			words = append(words, h)
		}
		w.next = s.seq + 1
	}
	return words, p.more, nil
}

// purge deletes what a dead node left, up to the number before: what it writes when it comes back is behind that.
// Another node will, if this one cannot.
func (w *watch) purge(ctx context.Context, node string, before uint64) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	if err := w.stream.Purge(ctx, jetstream.WithPurgeSubject(w.l.hereSubjects(node)), jetstream.WithPurgeSequence(before)); err != nil {
		w.l.logger().Debug("wsecho: natslog: what a dead node left stays", "node", node, "err", err)
	}
}

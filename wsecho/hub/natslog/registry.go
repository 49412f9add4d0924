package natslog

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"example.com/wsecho/wsecho/hub"
)

// How presence is kept. A node that is silent for leaseTime is gone.
const (
	leaseTime  = 10 * time.Second
	leaseEvery = 3 * time.Second
	lookEvery  = 500 * time.Millisecond // for what the other nodes wrote
	markerTime = time.Minute            // for how long a node that looked away may find what was removed
)

// Registry returns a hub.Registry on the stream WSECHO_<Name>_HERE. Each call returns a node of its own: one is for
// one Hub.
func (l *Log) Registry() hub.Registry {
	return &registry{l: l, node: rand.Text(), pending: pending{wake: make(chan struct{}, 1)}}
}

// A registry is one node's part in the stream of presence, which holds the last word on each session's appearance,
// and a lease for each node. Everything is read from the replicas, page by page: a consumer would have to be made
// again whenever the server that it lives on goes.
type registry struct {
	l       *Log
	node    string  // new with each process, so that what an earlier one left is never taken for its own
	pending pending // what Put and Remove have to tell
}

// Put notes that a appears.
func (r *registry) Put(a hub.Appearance) { r.pending.set(r.encode(a)) }

// Remove notes that a does not appear any more.
func (r *registry) Remove(a hub.Appearance) { r.pending.set(r.encodeGone(a)) }

// Follow tells the other nodes what Put and Remove have noted, and roster what the others tell, until ctx ends.
func (r *registry) Follow(ctx context.Context, roster *hub.Roster) error {
	if err := r.l.init(); err != nil {
		return err
	}
	js, err := r.l.jetstream(jetstream.WithPublishAsyncTimeout(askTimeout))
	if err != nil {
		return err
	}
	defer js.CleanupPublisher()
	w := watch{
		l: r.l, js: js, own: r.node, lease: lease{subject: r.l.leaseSubject(r.node)}, leased: make(chan struct{}),
		tell: func() { r.tellAll(roster) }, roster: roster, due: true,
	}
	ctx, cancel := context.WithCancel(ctx)
	var writing sync.WaitGroup
	writing.Go(func() { r.write(ctx, js, w.leased) })
	defer writing.Wait()
	defer cancel()

	connected := r.l.Conn.StatusChanged(nats.CONNECTED)
	defer r.l.Conn.RemoveStatusListener(connected)
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	renew := time.NewTicker(leaseEvery)
	defer renew.Stop()
	trouble := trouble{logger: r.l.logger(), stream: r.l.hereStream()}
	for {
		err := w.look(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		trouble.note(err)
		select {
		case <-connected: // the stream may have been lost with its server, and be another now
			w.due = true
		case <-renew.C:
			w.due = true
		case <-look.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// tellAll notes all appearances of this node again. Those that change while the Roster lists them are noted by Put
// and Remove.
func (r *registry) tellAll(roster *hub.Roster) {
	r.pending.begin()
	var all []*nats.Msg
	for _, a := range roster.Own() {
		all = append(all, r.encode(a))
	}
	r.pending.setAll(all)
}

func (l *Log) hereStream() string { return l.stream() + "_HERE" }

// hereConfig returns the stream of presence.
func (l *Log) hereConfig() jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name:                   l.hereStream(),
		Description:            "wsecho: who is here in the rooms of " + l.Name,
		Subjects:               []string{"wsecho." + l.Name + ".here.>", "wsecho." + l.Name + ".node.*"},
		Storage:                jetstream.MemoryStorage, // lost with all its servers, and written again by the nodes
		Replicas:               l.replicas(),
		Retention:              jetstream.LimitsPolicy,
		Discard:                jetstream.DiscardOld,
		MaxMsgsPerSubject:      1,
		MaxMsgSize:             64 << 10,
		AllowDirect:            true,
		AllowMsgTTL:            true,
		SubjectDeleteMarkerTTL: markerTime,
	}
}

// leaseSubject is where the lease of a node is.
func (l *Log) leaseSubject(node string) string { return "wsecho." + l.Name + ".node." + node }

// hereSubjects is where all appearances at a node are.
func (l *Log) hereSubjects(node string) string {
	return fmt.Sprintf("wsecho.%s.here.%s.>", l.Name, node)
}

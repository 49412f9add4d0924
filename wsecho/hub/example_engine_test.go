package hub_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"example.com/wsecho/wsecho/hub"
)

// journal is a Log in the memory of one process that several Hubs share, as nodes share a server. A real one keeps
// IDs and entries for a window only.
type journal struct {
	mu      sync.Mutex
	entries []hub.Entry
	grown   chan struct{} // closed at the next Append
}

func (j *journal) Append(_ context.Context, m hub.Message) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	same := func(e hub.Entry) bool {
		return e.ID != "" && e.Topic == m.Topic && e.From == m.From && e.ID == m.ID
	}
	if slices.ContainsFunc(j.entries, same) {
		return nil
	}
	m.Data = slices.Clone(m.Data)
	p := hub.Position{Seq: uint64(len(j.entries) + 1), Stamp: uint64(time.Now().UnixNano())}
	j.entries = append(j.entries, hub.Entry{Position: p, Message: m})
	close(j.grown)
	j.grown = make(chan struct{})
	return nil
}

func (j *journal) Follow(ctx context.Context, t *hub.Tail) error {
	if t.Last() == (hub.Position{}) {
		t.Start(hub.Position{}) // all of it is the window
	}
	for {
		j.mu.Lock()
		news, grown := j.entries[t.Last().Seq:], j.grown
		j.mu.Unlock()
		t.Append(news...)
		t.Synced(t.Last().Seq)
		select {
		case <-grown:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Two nodes of one Log: what is published at one is heard at the other, and who is cut off at one comes back to the
// other.
func ExampleLog() {
	var log hub.Log = &journal{grown: make(chan struct{})}
	one, other := &hub.Hub{Log: log}, &hub.Hub{Log: log}
	defer one.Close()
	defer other.Close()

	ann := connect(room(one), "/", "ann")
	other.Publish(context.Background(), hub.Message{Topic: "room/go", From: "ben", Data: []byte(`"hello"`)})
	fmt.Println(ann.hear())
	ann.close()
	one.Publish(context.Background(), hub.Message{Topic: "room/go", From: "ben", Data: []byte(`"ann?"`)})
	ann = connect(room(other), "/?since="+ann.at, "ann")
	fmt.Println(ann.hear())
	ann.close()
	// Output:
	// ben in room/go: "hello"
	// ben in room/go: "ann?"
}

// board is where the nodes of one process tell each other who appears. A real Registry is told by Own what it was
// not there for.
type board struct {
	mu    sync.Mutex
	nodes map[string]*hub.Roster
}

// node is a board as one node sees it.
type node struct {
	*board
	name string
}

func (n node) others(f func(*hub.Roster)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for name, r := range n.nodes {
		if name != n.name {
			f(r)
		}
	}
}

func (n node) Put(a hub.Appearance) {
	n.others(func(r *hub.Roster) { r.Put(n.name, a) })
}

func (n node) Remove(a hub.Appearance) {
	n.others(func(r *hub.Roster) { r.Remove(n.name, a.Session, a.Topic) })
}

func (n node) Follow(ctx context.Context, r *hub.Roster) error {
	n.mu.Lock()
	n.nodes[n.name] = r
	n.mu.Unlock()
	r.Begin()
	for _, a := range r.Own() {
		n.Put(a)
	}
	r.Complete()
	<-ctx.Done()
	n.others(func(r *hub.Roster) { r.Drop(n.name) }) // a real one is silent, and is missed after 10 s
	return ctx.Err()
}

// Two nodes that tell each other who is there.
func ExampleRegistry() {
	b := &board{nodes: map[string]*hub.Roster{}}
	var registry hub.Registry = node{b, "one"}
	one, other := &hub.Hub{Registry: registry}, &hub.Hub{Registry: node{b, "other"}}
	defer one.Close()
	defer other.Close()

	watching := connect(visible(other), "/", "ben")
	defer watching.close()
	fmt.Println(watching.sees())
	for _, err := other.Here("room/go"); errors.Is(err, hub.ErrUnavailable); _, err = other.Here("room/go") {
		time.Sleep(time.Millisecond) // it is not on the board yet
	}
	ann := connect(visible(one), "/", "ann")
	defer ann.close()
	fmt.Println(watching.sees())
	// Output:
	// 1 here: ben
	// 2 here: +ann
}

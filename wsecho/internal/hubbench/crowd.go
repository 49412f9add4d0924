package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"time"
)

// A crowd is rooms with some members each, of which the first speaks.
type crowd struct {
	rooms   int
	members func(plan) int // of each room
}

// crowded is a server with its crowd.
type crowded struct {
	*nodes
	clients clients
	rooms   []clients
	number  int // of the last message
}

// gather starts s and lets the crowd in.
func (c crowd) gather(p plan, s server) (*crowded, error) {
	n, err := start(s)
	if err != nil {
		return nil, err
	}
	members := c.members(p)
	cs, err := p.joinAll(n.Addr, s.tongue, c.rooms*members, func(i int) []string { return []string{roomName(i / members)} })
	if err != nil {
		n.stop()
		return nil, err
	}
	return &crowded{nodes: n, clients: cs, rooms: slices.Collect(slices.Chunk(cs, members))}, nil
}

// roomName is the name of a room.
func roomName(i int) string { return fmt.Sprintf("room/%d", i) }

// stop ends it.
func (c *crowded) stop() {
	c.nodes.stop()
	c.clients.close()
}

// speak has a message said in each room and heard by all, and returns how many heard it. One goroutine reads all in
// turn: a thousand of them would take more of the machine than the server does.
func (c *crowded) speak() (heard int, err error) {
	first := c.number + 1
	for i, r := range c.rooms {
		c.number++
		if err := r[0].tell(roomName(i), c.number); err != nil {
			return heard, err
		}
	}
	for i, r := range c.rooms {
		for _, m := range r {
			if err := m.expect(first + i); err != nil {
				return heard, err
			}
			heard++
		}
	}
	return heard, nil
}

// run speaks for d.
func (c *crowded) run(d time.Duration) (heard int, err error) {
	for end := time.Now().Add(d); ; {
		n, err := c.speak()
		if heard += n; err != nil || time.Now().After(end) {
			return heard, err
		}
	}
}

// measure is what a delivery costs.
func (c crowd) measure(p plan, s server) (sample, error) {
	room, err := c.gather(p, s)
	if err != nil {
		return nil, err
	}
	defer room.stop()
	if _, err := room.run(p.warm); err != nil {
		return nil, err
	}
	before, err := room.cpu()
	if err != nil {
		return nil, err
	}
	if p.profiles != "" {
		if err := room.Profile(filepath.Join(p.profiles, fmt.Sprintf("%s-%d.pprof", s.name, len(room.clients)))); err != nil {
			return nil, err
		}
	}
	n, err := room.run(p.span)
	if err != nil {
		return nil, err
	}
	after, err := room.cpu()
	if err != nil {
		return nil, err
	}
	return sample{"cpu": after.since(before).per(n)}, nil
}

// latency is how long it takes until all have a message that is alone on its way.
func (c crowd) latency(p plan, s server) (sample, error) {
	room, err := c.gather(p, s)
	if err != nil {
		return nil, err
	}
	defer room.stop()
	if _, err := room.run(p.warm); err != nil {
		return nil, err
	}
	waits := make([]float64, p.waits)
	for i := range waits {
		time.Sleep(time.Millisecond) // until the server is idle again
		began := time.Now()
		if _, err := room.speak(); err != nil {
			return nil, err
		}
		waits[i] = float64(time.Since(began))
	}
	slices.Sort(waits)
	return sample{"median": {server: waits[len(waits)/2]}, "p99": {server: waits[len(waits)*99/100]}}, nil
}

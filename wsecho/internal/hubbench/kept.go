package main

import "fmt"

// keptRooms are the rooms of the messages that are kept, all within a Hub's MaxBytes and centrifuge's HistorySize.
const keptRooms = 100

// kept is the memory that a kept message takes.
func kept(p plan, s server) (sample, error) {
	n, err := start(s)
	if err != nil {
		return nil, err
	}
	defer n.stop()
	var rooms []string
	for i := range keptRooms {
		rooms = append(rooms, roomName(i))
	}
	c, err := p.join(n.Addr, s.tongue, rooms)
	if err != nil {
		return nil, err
	}
	defer c.peer.Close()
	number := 0
	// turn says a message in each room and hears them all, in whatever order: centrifuge has one a channel.
	turn := func() error {
		missing := map[int]bool{}
		for _, r := range rooms {
			number++
			missing[number] = true
			if err := c.tell(r, number); err != nil {
				return err
			}
		}
		for len(missing) > 0 {
			got, err := c.hear()
			if err != nil {
				return err
			}
			if !missing[got] {
				return fmt.Errorf("wrong message: %d", got)
			}
			delete(missing, got)
		}
		return nil
	}
	for range 5 { // what only the first cost
		if err := turn(); err != nil {
			return nil, err
		}
	}
	before, err := n.memory()
	if err != nil {
		return nil, err
	}
	for range p.kept / keptRooms {
		if err := turn(); err != nil {
			return nil, err
		}
	}
	after, err := n.memory()
	if err != nil {
		return nil, err
	}
	return sample{"bytes": after.since(before).per(p.kept)}, nil
}

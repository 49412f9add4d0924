package main

import "time"

// members is what it costs to have many members, each in a room of its own and in one of all.
func members(p plan, s server) (sample, error) {
	n, err := start(s)
	if err != nil {
		return nil, err
	}
	defer n.stop()
	warm, err := p.joinAll(n.Addr, s.tongue, p.members/100, func(int) []string { return []string{"warm", "all"} })
	if err != nil {
		return nil, err
	}
	defer warm.close()
	empty, err := n.memory()
	if err != nil {
		return nil, err
	}
	before, err := n.cpu()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	cs, err := p.joinAll(n.Addr, s.tongue, p.members, func(i int) []string { return []string{roomName(i), "all"} })
	if err != nil {
		return nil, err
	}
	defer cs.close()
	took := time.Since(began)
	after, err := n.cpu()
	if err != nil {
		return nil, err
	}
	time.Sleep(p.quiet)
	full, err := n.memory()
	if err != nil {
		return nil, err
	}
	return sample{
		"bytes": full.since(empty).per(p.members),
		"cpu":   after.since(before).per(p.members),
		"rate":  {server: float64(p.members) / took.Seconds()},
	}, nil
}

package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// A sample is what one measurement found. Which fields it has depends on the column.
type sample struct {
	cpu    float64 // of the server, in nanoseconds a message (delivery, connection)
	rate   float64 // messages (deliveries, connections) a second
	allocs float64 // a message (delivery, connection)

	bytes      float64 // heap and stacks an idle session
	goroutines float64 // an idle session
}

// results holds a sample a round, by the names of column and peer.
type results map[string]map[string][]sample

func (r results) add(c column, p peer, s sample) {
	if r[c.name] == nil {
		r[c.name] = make(map[string][]sample)
	}
	r[c.name][p.name] = append(r[c.name][p.name], s)
}

// median returns the sample whose fields are the medians over the rounds; ok is false if there is none.
func (r results) median(c column, p peer) (m sample, ok bool) {
	all := r[c.name][p.name]
	if len(all) == 0 {
		return sample{}, false
	}
	of := func(field func(sample) float64) float64 {
		var v []float64
		for _, s := range all {
			v = append(v, field(s))
		}
		slices.Sort(v)
		return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
	}
	return sample{
		cpu:        of(func(s sample) float64 { return s.cpu }),
		rate:       of(func(s sample) float64 { return s.rate }),
		allocs:     of(func(s sample) float64 { return s.allocs }),
		bytes:      of(func(s sample) float64 { return s.bytes }),
		goroutines: of(func(s sample) float64 { return s.goroutines }),
	}, true
}

// run measures all columns of all peers, round by round, and tells progress about it.
func (p plan) run(progress io.Writer) (results, error) {
	if p.profiles != "" {
		if err := os.MkdirAll(p.profiles, 0o755); err != nil {
			return nil, err
		}
	}
	all := make(results)
	for round := range p.rounds {
		for _, c := range p.columns {
			fmt.Fprintf(progress, "round %d of %d, %s:", round+1, p.rounds, c.title)
			record := func(peer peer, s sample) {
				all.add(c, peer, s)
				fmt.Fprintf(progress, " %s %s", peer.name, figure(c, s))
			}
			err := p.column(c, record)
			fmt.Fprintln(progress)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.title, err)
			}
		}
	}
	return all, nil
}

func (p plan) column(c column, record func(peer, sample)) error {
	if c.idle() {
		return p.idle(record)
	}
	for _, i := range rand.Perm(len(p.peers)) {
		if !c.measures(p.peers[i]) {
			continue
		}
		s, err := p.measure(c, p.peers[i])
		if err != nil {
			return fmt.Errorf("%s: %w", p.peers[i].name, err)
		}
		record(p.peers[i], s)
	}
	return nil
}

// measure puts a new server of the peer to what the column asks, once.
func (p plan) measure(c column, peer peer) (sample, error) {
	s, err := start(peer, c.modes()...)
	if err != nil {
		return sample{}, err
	}
	defer s.Stop()
	l, err := c.connect(p, s.Addr)
	if err != nil {
		return sample{}, err
	}
	defer l.Close()
	if _, err := l.run(p.warm); err != nil {
		return sample{}, err
	}
	before, err := s.Usage()
	if err != nil {
		return sample{}, err
	}
	if p.profiles != "" {
		if err := s.Profile(filepath.Join(p.profiles, peer.name+"-"+c.name+".pprof")); err != nil {
			return sample{}, err
		}
	}
	began := time.Now()
	n, err := l.run(p.span)
	if err != nil {
		return sample{}, err
	}
	took := time.Since(began)
	after, err := s.Usage()
	if err != nil {
		return sample{}, err
	}
	return sample{
		cpu:    float64(after.CPU-before.CPU) / float64(n),
		rate:   float64(n) / took.Seconds(),
		allocs: float64(after.Mallocs-before.Mallocs) / float64(n),
	}, nil
}

package main

import (
	"slices"
	"strings"
	"testing"
)

func TestRatios(t *testing.T) {
	p := thorough()
	p.peers = []peer{{"own", ours, nil, true}, {"gorilla", goroutines, nil, true}, {"gws", goroutines, nil, true}, {"nbio", eventLoop, nil, true}, {"bare", floor, nil, true}}
	r := make(results)
	for _, c := range p.columns {
		for i, peer := range p.peers {
			// Medians: own 4000, gorilla 8000, gws 5000, nbio 2000, bare 1000.
			v := []float64{4000, 8000, 5000, 2000, 1000}[i]
			for _, v := range []float64{v * 9, v, v / 2} {
				r.add(c, peer, sample{cpu: v, rate: 1e9 / v, bytes: v, allocs: 0.004})
			}
		}
	}
	lines := strings.Split(table(p, r), "\n")
	for _, test := range []struct {
		row   int
		peer  string
		cells string
	}{
		{4, "own", "4.00 µs ×0.80 250k/s|4.00 µs ×2.00 250k/s"}, // of gws, which has a goroutine a connection; of nbio
		{6, "gws", "5.00 µs ×1.00 200k/s|5.00 µs ×2.50 200k/s"},
		{8, "bare", "1.00 µs ×0.20 1.00M/s|1.00 µs ×0.50 1.00M/s"},
	} {
		got := strings.Split(lines[test.row], " | ")
		if got[0] != "| "+test.peer || strings.Join(got[1:3], "|") != test.cells {
			t.Errorf("row %d: %q, want %s and %s", test.row, lines[test.row], test.peer, test.cells)
		}
	}
	own := strings.Split(lines[4], " | ")
	cell := func(title string) string { return own[slices.Index(strings.Split(lines[2], " | "), title)] }
	if handshake := cell("handshake and close"); handshake != "4.00 µs ×0.50 250k/s" {
		t.Errorf("handshake: %q is not half of gorilla", handshake)
	}
	if idle := cell("idle session"); idle != "3.91 KB ×2.00" {
		t.Errorf("idle: %q is not twice nbio", idle)
	}
	if last := strings.TrimSuffix(own[len(own)-1], " |"); last != "0, 0, 0, 0, 0, 0, 0" {
		t.Errorf("allocations: %q", last)
	}
}

// Over TLS there is wsecho alone: the others' cells are empty, and nothing is counted for them.
func TestColumnsOfWsechoAlone(t *testing.T) {
	p := tiny()
	p.peers = []peer{{"own", ours, nil, true}, {"gws", goroutines, nil, true}}
	var err error
	if p.columns, err = choose(columns, "ping-pong,h2-ping-pong", column.id); err != nil {
		t.Fatal(err)
	}
	r := make(results)
	for _, c := range p.columns {
		for _, peer := range p.peers {
			if c.measures(peer) {
				r.add(c, peer, sample{cpu: 5000, rate: 10, allocs: 2})
			}
		}
	}
	for _, want := range []string{"| own | 5.00 µs ×1.00 0.01k/s | 5.00 µs 0.01k/s | 2, 2 |", "| gws | 5.00 µs ×1.00 0.01k/s |  | 2, – |"} {
		if got := table(p, r); !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestRatioWithoutAPeer(t *testing.T) {
	p := tiny()
	p.peers = []peer{{"own", ours, nil, true}}
	p.columns = p.columns[:1]
	r := make(results)
	r.add(p.columns[0], p.peers[0], sample{cpu: 4000, rate: 10})
	if got := table(p, r); !strings.Contains(got, "| own | 4.00 µs 0.01k/s |") {
		t.Errorf("no bare figure in %s", got)
	}
}

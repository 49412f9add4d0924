package main

import (
	"fmt"
	"math"
	"strconv"
)

// value is what the column compares: smaller is better.
func (c column) value(s sample) float64 {
	if c.idle() {
		return s.bytes
	}
	return s.cpu
}

// figure is value with its unit.
func figure(c column, s sample) string {
	if c.idle() {
		return digits(s.bytes/1024) + " KB"
	}
	return digits(s.cpu/1000) + " µs"
}

// best is the value of ratio 1.00; 0 if none of the peers that may set it was measured.
func (p plan) best(c column, r results) float64 {
	best := math.Inf(1)
	for _, peer := range p.peers {
		if !peer.competes() || c.against != nil && !c.against(peer) {
			continue
		}
		if m, ok := r.median(c, peer); ok {
			best = min(best, c.value(m))
		}
	}
	if math.IsInf(best, 1) {
		return 0
	}
	return best
}

// digits shows v with three digits, or more when it has more before the point.
func digits(v float64) string {
	switch {
	case math.Abs(v) >= 99.95:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case math.Abs(v) >= 9.995:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

// ratio shows v with two digits after the point, or with three where a twelfth would not be told from a thirteenth.
func ratio(v float64) string {
	if v < 0.0995 {
		return strconv.FormatFloat(v, 'f', 3, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

// perSecond shows a rate in thousands or millions.
func perSecond(v float64) string {
	if v >= 999_500 {
		return fmt.Sprintf("%.2fM/s", v/1e6)
	}
	return digits(v/1000) + "k/s"
}

// few shows a number of allocations, of which one in two hundred messages is none.
func few(v float64) string {
	return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64)
}

package metrics

import (
	"fmt"
	"testing"
	"time"
)

// A percentile is a latency that a session has: the least that as many do not exceed.
func TestPercentiles(t *testing.T) {
	for n, want := range map[int]string{0: "[]", 1: "[50:1 99:1 100:1]", 2: "[50:1 99:2 100:2]", 3: "[50:2 99:3 100:3]", 100: "[50:50 99:99 100:100]", 1000: "[50:500 99:990 100:1000]"} {
		var w wsechoSessions
		for i := range n {
			w.latencies = append(w.latencies, time.Duration(i+1)*time.Second)
		}
		got := []string{}
		w.percentiles(func(percentile string, seconds float64) { got = append(got, fmt.Sprintf("%s:%v", percentile, seconds)) })
		if fmt.Sprint(got) != want {
			t.Errorf("of %d: %v, want %s", n, got, want)
		}
	}
}

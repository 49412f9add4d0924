// Package logtest holds a [hub.Log] against what a [hub.Hub] relies on:
//
//	func TestLog(t *testing.T) {
//		logtest.Run(t, func(t *testing.T, nodes int) []hub.Log {
//			server := start(t) // a new one, that ends with the test
//			var logs []hub.Log
//			for range nodes {
//				logs = append(logs, &mylog.Log{Conn: server.dial(t)})
//			}
//			return logs
//		})
//	}
//
// What happens when the engine's servers fail is not in it, since every engine has its own ways of that.
package logtest

import (
	"context"
	"testing"

	"example.com/wsecho/wsecho/hub"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// Run tests a Log through Hubs and real sessions, as subtests of t. open returns a new and empty log as that many
// nodes see it, one hub.Log each, ready to be followed; it registers with t what ends them, which then happens after
// their Hubs are closed. An engine of a single process returns one, whatever nodes is. The log keeps its messages and
// their IDs for at least a minute, takes messages of 32 KiB and none of 2 MiB, and says where it ends at least
// every 10 s.
func Run(t *testing.T, open func(t *testing.T, nodes int) []hub.Log) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, c *cluster)
	}{
		{"Order", testOrder},
		{"Content", testContent},
		{"OnceStored", testOnceStored},
		{"OthersStored", testOthersStored},
		{"TooLarge", testTooLarge},
		{"ContextEnds", testContextEnds},
		{"Return", testReturn},
		{"Places", testPlaces},
		{"LateNode", testLateNode},
		{"Storm", testStorm},
		{"SlowReaders", testSlowReaders},
		{"Listen", testListen},
		{"CloseInAStorm", testCloseInAStorm},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, start(t, open(t, 3))) })
	}
}

// patience is how long a test waits for what has to come. Tests of the tests shorten it.
var patience = await.Patience

// cluster is the Hubs of some nodes of one log.
type cluster struct {
	logs  []hub.Log
	nodes []*hub.Hub
}

// start returns a Hub for all but the last of logs, or for the only one, once they are ready. They are closed
// before what open has registered.
func start(t *testing.T, logs []hub.Log) *cluster {
	c := &cluster{logs: logs}
	for _, l := range logs[:max(1, len(logs)-1)] {
		c.add(t, l)
	}
	return c
}

// add starts another node.
func (c *cluster) add(t *testing.T, l hub.Log) *hub.Hub {
	h := &hub.Hub{Log: l, MaxReplay: 100_000}
	t.Cleanup(func() { h.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := h.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	c.nodes = append(c.nodes, h)
	return h
}

// node returns the i-th, going round.
func (c *cluster) node(i int) *hub.Hub { return c.nodes[i%len(c.nodes)] }

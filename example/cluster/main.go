// Command cluster is a chat of several nodes that share one log.
//
//	go -C example/cluster run . -nodes 2
//
// starts an embedded nats-server and two nodes, each a process of its own, and prints their addresses: open the page
// on each. kill -TERM of one moves its clients to the other, and nobody misses a word.
//
//	go -C example/cluster run . -nats nats://127.0.0.1:4222
//
// starts one node on a NATS that is there already, on this machine or another.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// options are what the flags say. A process that -serve starts is one node; any other starts those.
type options struct {
	nats  string // addresses of the NATS servers; "": an embedded one is started
	nodes int
	addr  string // of one node
	peers string // addresses of all nodes, with commas: where the page goes when its own node is gone
	serve bool   // be one node
}

func main() {
	var o options
	flag.StringVar(&o.nats, "nats", "", "`URLs` of NATS servers with JetStream, with commas; none: one is started, for as long as this runs")
	flag.IntVar(&o.nodes, "nodes", 0, "how many nodes to start, on free ports; 0: 2, or with -nats 1")
	flag.StringVar(&o.addr, "addr", "127.0.0.1:0", "`address` of the one node of -serve")
	flag.StringVar(&o.peers, "peers", "", "`addresses` of all nodes, with commas, as the page may reach them")
	flag.BoolVar(&o.serve, "serve", false, "be one node; wants -nats")
	flag.Parse()
	if flag.NArg() > 0 || o.nodes < 0 || o.serve && o.nats == "" {
		fmt.Fprintln(os.Stderr, "cluster: see -help")
		os.Exit(2)
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	run := serve // a second signal does nothing: whoever started it may say again what it was told already
	if !o.serve {
		run = launch
		context.AfterFunc(ctx, stop) // a second signal ends the process at once; its nodes drain on, for drainTimeout at most
	}
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}

// peerList splits -peers.
func (o options) peerList() []string {
	if o.peers == "" {
		return nil
	}
	return strings.Split(o.peers, ",")
}

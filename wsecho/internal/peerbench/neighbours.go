package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"net"
	"slices"
	"sync/atomic"
	"text/tabwriter"
	"time"
)

// neighboursCommand is the first argument that measures what the floods of some sessions cost the others:
//
//	go -C wsecho/internal/peerbench run . neighbours -only wsecho,gorilla -over tcp
//
// Server, flooders (flood.go) and honest clients are a process each. An honest client sends a message of 64 bytes now and then
// and waits for its echo, which is compared; the table has the median and the 99th percentile of those waits, and what the
// server took of the flood meanwhile. Nothing is asserted of the time: the machine decides.
const neighboursCommand = "neighbours"

// A neighbourhood says who lives beside whom, and for how long.
type neighbourhood struct {
	peers    []peer
	overs    []namedRoute
	floods   []flood
	honest   int // clients
	flooders int
	pause    time.Duration // between an echo and the next message of an honest client
	span     time.Duration
}

// A namedRoute is a route that the command line can name.
type namedRoute struct {
	name  string
	modes []string // of the server's process
	over  route
}

func (r namedRoute) id() string { return r.name }

var namedRoutes = []namedRoute{
	{"tcp", nil, http1}, {"tls", []string{tlsMode}, http1TLS}, {"h2", []string{tlsMode}, http2TLS},
}

// neighbours is the command: it parses args, measures and prints.
func neighbours(args []string, stdout, stderr io.Writer) error {
	n := neighbourhood{pause: 50 * time.Millisecond}
	f := flag.NewFlagSet("peerbench "+neighboursCommand, flag.ContinueOnError)
	f.SetOutput(stderr)
	only := f.String("only", "wsecho,gorilla", "measure these servers, comma-separated: "+list(peers, peer.id))
	over := f.String("over", "", "over these routes only, comma-separated: "+list(namedRoutes, namedRoute.id))
	kinds := f.String("floods", "", "with these floods only, comma-separated: "+list(floods, flood.id))
	f.IntVar(&n.honest, "honest", 100, "honest clients")
	f.IntVar(&n.flooders, "flooders", 60, "clients that flood")
	f.DurationVar(&n.span, "span", 5*time.Second, "how long each is measured")
	err := f.Parse(args)
	if err == nil {
		n.peers, err = choose(peers, *only, peer.id)
	}
	if err == nil {
		n.overs, err = choose(namedRoutes, *over, namedRoute.id)
	}
	if err == nil {
		n.floods, err = choose(floods, *kinds, flood.id)
	}
	if err != nil {
		return err
	}
	return n.measureAll(stdout)
}

// measureAll prints a row for each server, route and flood.
func (n neighbourhood) measureAll(stdout io.Writer) error {
	t := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "server\tover\tflood\thonest p50\tp99\techoes\tflood taken\tflooders left\t")
	for _, f := range n.floods {
		for _, over := range n.overs {
			for _, p := range n.peers {
				if over.name == "h2" && p.kind != ours { // nobody else has WebSockets over HTTP/2
					continue
				}
				waits, l, err := n.measure(p, over, f)
				if err != nil {
					return fmt.Errorf("%s over %s, %s: %w", p.name, over.name, f.name, err)
				}
				fmt.Fprintf(t, "%s\t%s\t%s\t%v\t%v\t%d\t%.2f MB/s\t%d\t\n", p.name, over.name, f.name,
					percentile(waits, 50), percentile(waits, 99), len(waits), float64(l.Taken)/1e6/n.span.Seconds(), l.On)
				t.Flush()
			}
		}
	}
	return nil
}

// measure returns the waits of the honest clients, ascending, and the flood at the end: what the server
// has taken meanwhile.
func (n neighbourhood) measure(p peer, over namedRoute, f flood) (waits []time.Duration, l level, err error) {
	s, err := start(p, over.modes...)
	if err != nil {
		return nil, level{}, err
	}
	defer s.Stop()
	var cs conns
	defer func() { cs.Close() }()
	for range n.honest {
		c, err := over.over(s.Addr)() // over HTTP/2 too, a connection each
		if err != nil {
			return nil, level{}, err
		}
		cs = append(cs, c)
	}
	flooding, err := startFlood(s.Addr, over, f, n.flooders)
	if err != nil {
		return nil, level{}, err
	}
	defer flooding.Stop()

	cs.patience(n.span + 30*time.Second)
	began, err := flooding.level()
	if err != nil {
		return nil, level{}, err
	}
	each := make([][]time.Duration, n.honest)
	_, err = together(n.honest, n.span, func(i int, stop *atomic.Bool) (int, error) {
		b := newBatch(uint64(i), 1, text, 64)
		got := make([]byte, len(b.want))
		for time.Sleep(n.pause * time.Duration(i) / time.Duration(n.honest)); ; time.Sleep(n.pause) {
			sent := time.Now()
			if _, err := cs[i].Write(b.send); err != nil {
				return 0, lost(err)
			}
			if err := skipPings(cs[i], got[:2]); err != nil {
				return 0, err
			}
			if !bytes.Equal(got[:2], b.want[:2]) {
				return 0, fmt.Errorf("wrong echo: its header is % x", got[:2])
			}
			if err := expect(cs[i], got[2:], b.want[2:]); err != nil {
				return 0, err
			}
			each[i] = append(each[i], time.Since(sent))
			if stop.Load() { // not before the first, though span may be over
				return 0, nil
			}
		}
	})
	if err != nil {
		return nil, level{}, err
	}
	l, err = flooding.level()
	l.Taken -= began.Taken
	waits = slices.Concat(each...)
	slices.Sort(waits)
	return waits, l, err
}

// skipPings reads into p what follows the pings that the server sends: two bytes of a frame's header. Nobody answers them; the
// messages are sign enough of life.
func skipPings(c net.Conn, p []byte) error {
	const ping = 0x89
	for {
		if _, err := io.ReadFull(c, p[:2]); err != nil || p[0] != ping {
			return lost(err)
		}
		if _, err := io.CopyN(io.Discard, c, int64(p[1])); err != nil {
			return lost(err)
		}
	}
}

// percentile is the wait that so many of a hundred do not exceed.
func percentile(ascending []time.Duration, of int) time.Duration {
	if len(ascending) == 0 {
		return 0
	}
	return ascending[(len(ascending)-1)*of/100].Round(10 * time.Microsecond)
}

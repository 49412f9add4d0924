package main

import (
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"time"
)

// A plan says what is measured, for how long and how often.
type plan struct {
	servers []server
	columns []column

	rounds     int
	warm, span time.Duration // of a crowd's speaking, before it is measured and then
	quiet      time.Duration // between the last join and the look at the memory
	patience   time.Duration // of a client, for what must come
	crowd      int           // members of the large room
	group      int           // members of each small one
	waits      int           // messages whose latency is measured
	members    int           // who join a room each
	kept       int           // messages; a multiple of keptRooms
	profiles   string        // directory for the servers' CPU profiles; "": none
}

// thorough is the plan of the README's table.
func thorough() plan {
	return plan{
		servers: servers, columns: columns, rounds: 5,
		warm: 200 * time.Millisecond, span: 700 * time.Millisecond, quiet: 3 * time.Second, patience: 60 * time.Second,
		crowd: 1000, group: 30, waits: 300, members: 10_000, kept: 40_000,
	}
}

// tiny is a plan that puts every server to everything, and whose figures mean nothing.
func tiny() plan {
	p := thorough()
	p.rounds, p.warm, p.span, p.quiet = 1, time.Millisecond, 20*time.Millisecond, 0
	p.crowd, p.group, p.waits, p.members, p.kept = 20, 5, 10, 30, 2*keptRooms
	return p
}

// parse makes a plan of the command line.
func parse(args []string, stderr io.Writer) (plan, error) {
	f := flag.NewFlagSet("hubbench", flag.ContinueOnError)
	f.SetOutput(stderr)
	short := f.Bool("short", false, "put every server to everything once, in seconds; the figures mean nothing")
	rounds := f.Int("rounds", 0, "how often everything is measured (0: 5, or 1 with -short)")
	only := f.String("only", "", "measure these servers only, by what their names contain, separated by semicolons")
	cols := f.String("columns", "", "measure these columns only, comma-separated: crowd, rooms, trios, latency, members, kept")
	profiles := f.String("profiles", "", "write the servers' CPU profiles of crowd and rooms to this `directory`")
	if err := f.Parse(args); err != nil {
		return plan{}, err
	}
	if f.NArg() > 0 {
		return plan{}, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	p := thorough()
	if *short {
		p = tiny()
	}
	if *rounds > 0 {
		p.rounds = *rounds
	}
	p.profiles = *profiles
	if *only != "" {
		wanted := strings.Split(*only, ";")
		p.servers = slices.DeleteFunc(slices.Clone(servers), func(s server) bool {
			return !slices.ContainsFunc(wanted, func(w string) bool { return strings.Contains(s.name, w) })
		})
	}
	if *cols != "" {
		wanted := strings.Split(*cols, ",")
		p.columns = slices.DeleteFunc(slices.Clone(columns), func(c column) bool { return !slices.Contains(wanted, c.name) })
	}
	if len(p.servers) == 0 || len(p.columns) == 0 {
		return plan{}, fmt.Errorf("nothing is left to measure of %q and %q", *only, *cols)
	}
	return p, nil
}

// results holds a sample a round, by the names of column and server.
type results map[string]map[string][]sample

// run measures all columns of all servers, round by round, and tells progress about it.
func (p plan) run(progress io.Writer) (results, error) {
	if p.profiles != "" {
		if err := os.MkdirAll(p.profiles, 0o755); err != nil {
			return nil, err
		}
	}
	all := results{}
	for round := range p.rounds {
		for _, c := range p.columns {
			if all[c.name] == nil {
				all[c.name] = map[string][]sample{}
			}
			fmt.Fprintf(progress, "round %d of %d, %s:", round+1, p.rounds, c.title)
			for _, i := range rand.Perm(len(p.servers)) {
				s := p.servers[i]
				if !c.measures(s) {
					continue
				}
				got, err := c.measure(p, s)
				if err != nil {
					fmt.Fprintln(progress)
					return nil, fmt.Errorf("%s: %s: %w", c.title, s.name, err)
				}
				all[c.name][s.name] = append(all[c.name][s.name], got)
				for _, f := range c.figures {
					fmt.Fprintf(progress, " %s %s;", s.name, f.show(got[f.name]))
				}
			}
			fmt.Fprintln(progress)
		}
	}
	return all, nil
}

// median returns the medians of a figure over the rounds; ok is false if it was not measured.
func (r results) median(c column, s server, f figure) (m spent, ok bool) {
	of := func(field func(spent) float64) float64 {
		var v []float64
		for _, got := range r[c.name][s.name] {
			v = append(v, field(got[f.name]))
		}
		slices.Sort(v)
		return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
	}
	if len(r[c.name][s.name]) == 0 {
		return spent{}, false
	}
	return spent{of(func(s spent) float64 { return s.server }), of(func(s spent) float64 { return s.nats })}, true
}

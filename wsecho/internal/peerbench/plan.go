package main

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// A plan says which servers are measured at what, for how long and how often.
type plan struct {
	peers   []peer
	columns []column

	rounds   int
	warm     time.Duration // of each load before its measurement
	span     time.Duration // of each measurement
	patience time.Duration // for an echo that does not come

	listeners int           // sessions that each message is fanned out to
	idlers    int           // idle sessions
	quiet     time.Duration // how long they are idle before they are counted: longer than any server needs to notice

	profiles string // directory for the servers' CPU profiles, or ""
}

func thorough() plan {
	return plan{
		peers: peers, columns: columns, rounds: 5,
		warm: 200 * time.Millisecond, span: 700 * time.Millisecond, patience: 10 * time.Second,
		listeners: 1000, idlers: 4000, quiet: 8 * time.Second,
	}
}

// short ends within a minute. Its figures are good to some ten per cent.
func short() plan {
	p := thorough()
	p.rounds, p.warm, p.span = 1, 80*time.Millisecond, 250*time.Millisecond
	p.idlers = 1000
	return p
}

// parse makes a plan, and the name of the chart's file, from the command line.
func parse(args []string, stderr io.Writer) (p plan, svg string, err error) {
	f := flag.NewFlagSet("peerbench", flag.ContinueOnError)
	f.SetOutput(stderr)
	quick := f.Bool("short", false, "finish within a minute, with rougher figures")
	rounds := f.Int("rounds", 0, "how often everything is measured (0: 5, or 1 with -short)")
	only := f.String("only", "", "measure these servers only, comma-separated: "+list(peers, peer.id))
	cols := f.String("columns", "", "measure these columns only, comma-separated: "+list(columns, column.id))
	profiles := f.String("profiles", "", "write the servers' CPU profiles of the last round to this `directory` (profiling has a cost of its own)")
	f.StringVar(&svg, "svg", "", "write a chart to this `file`")
	if err := f.Parse(args); err != nil {
		return plan{}, "", err
	}
	if f.NArg() > 0 {
		return plan{}, "", fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	p = thorough()
	if *quick {
		p = short()
	}
	if *rounds > 0 {
		p.rounds = *rounds
	}
	p.profiles = *profiles
	if p.peers, err = choose(p.peers, *only, peer.id); err != nil {
		return plan{}, "", fmt.Errorf("-only: %w", err)
	}
	if p.columns, err = choose(p.columns, *cols, column.id); err != nil {
		return plan{}, "", fmt.Errorf("-columns: %w", err)
	}
	return p, svg, nil
}

// choose returns those of all that are among names, in the order of all; every one if names is "". Commas separate names.
func choose[T any](all []T, names string, id func(T) string) ([]T, error) {
	if names == "" {
		return all, nil
	}
	wanted := strings.Split(names, ",")
	for _, w := range wanted {
		if !slices.ContainsFunc(all, func(t T) bool { return id(t) == w }) {
			return nil, fmt.Errorf("no %q among %s", w, list(all, id))
		}
	}
	var chosen []T
	for _, t := range all {
		if slices.Contains(wanted, id(t)) {
			chosen = append(chosen, t)
		}
	}
	return chosen, nil
}

// list shows all of all, separated by commas.
func list[T any](all []T, show func(T) string) string {
	var s []string
	for _, t := range all {
		s = append(s, show(t))
	}
	return strings.Join(s, ", ")
}

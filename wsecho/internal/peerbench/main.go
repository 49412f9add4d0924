// Command peerbench puts wsecho beside the other WebSocket servers that a Go team may pick, in one run on one machine:
//
//	go -C wsecho/internal/peerbench run . -svg peers.svg
//
// Every measurement starts a server in a process of its own and drives it from this one over loopback TCP. The figures
// are the server's: its CPU time (getrusage, user and system), its allocations, its memory, its goroutines. The driver
// compares every byte that comes back, and a wrong, missing or late one ends the run with exit code 1.
//
// Rounds are short and interleaved: each round takes the columns one by one and, within a column, all servers in a new
// random order, so that whatever else the machine does meets them alike. The table shows medians over the rounds. On a busy
// machine the ratios are worth more than the figures.
//
// For one change to one path, a few servers at one column take seconds:
//
//	go -C wsecho/internal/peerbench run . -only wsecho,gws,bare -columns ping-pong -rounds 5
//
// What it costs some sessions that others flood the server is a command of its own: neighbours.go.
//
// How each server is written is in its peer_*.go; what each column does is in columns.go.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is main with its arguments and streams given. It returns the exit code: 1 when a run failed, 2 for bad flags.
func run(args []string, stdout, stderr io.Writer) int {
	if len(args) > 0 && commands[args[0]] != nil {
		switch err := commands[args[0]](args[1:], stdout, stderr); {
		case errors.Is(err, flag.ErrHelp):
		case err != nil:
			fmt.Fprintf(stderr, "peerbench %s: %v\n", args[0], err)
			return 1
		}
		return 0
	}
	p, svg, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintln(stderr, "peerbench:", err)
		return 2
	}
	if err := compare(p, svg, stdout, stderr); err != nil {
		fmt.Fprintln(stderr, "peerbench:", err)
		return 1
	}
	return 0
}

// commands are what the first argument may ask for instead of the table. The first two are processes of the others.
var commands = map[string]func(args []string, stdout, stderr io.Writer) error{
	serveCommand:      func(args []string, stdout, _ io.Writer) error { return serve(args, os.Stdin, stdout) },
	floodCommand:      func(args []string, stdout, _ io.Writer) error { return runFlood(args, os.Stdin, stdout) },
	neighboursCommand: neighbours,
}

// compare carries out the plan and prints the table; the chart goes to the file named svg unless that is "".
func compare(p plan, svg string, stdout, progress io.Writer) error {
	r, err := p.run(progress)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(stdout, table(p, r)); err != nil {
		return err
	}
	if svg == "" {
		return nil
	}
	return os.WriteFile(svg, []byte(chart(p, r)), 0o644)
}

// Command hubbench puts wsecho/hub beside the plain loop under a lock that it replaces, and beside centrifuge, in one
// run on one machine:
//
//	go -C wsecho/internal/hubbench run .
//
// Every measurement starts a server in a process of its own, and a nats-server in another where it wants one, and
// drives it from this process over loopback TCP: the same clients, the same rooms, the same messages. The figures are
// the servers' (package child). What is said twice, to nobody's room, or not at all ends the run with exit code 1.
//
// Each round takes the columns one by one and, within a column, all servers in a new random order, so that whatever
// else the machine does meets them alike. The table shows medians over the rounds.
//
//	plan.go       which servers, how many members, how long
//	servers.go    the rows; each server is in its server_*.go
//	columns.go    the columns: crowd.go, members.go, kept.go
//	client.go     a member, and what it hears
//	nodes.go      a server's processes
//	table.go      what is printed
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is main with its arguments and streams given. It returns the exit code: 1 when a run failed, 2 for bad flags.
func run(args []string, stdout, stderr io.Writer) int {
	if len(args) > 0 && roles[args[0]] != nil {
		os.Stdout = os.Stderr // stdout is the real one: keep what a library may print out of it
		if err := roles[args[0]](args[1:], os.Stdin, stdout); err != nil {
			fmt.Fprintf(stderr, "hubbench %v: %v\n", args, err)
			return 1
		}
		return 0
	}
	p, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintln(stderr, "hubbench:", err)
		return 2
	}
	r, err := p.run(stderr)
	if err != nil {
		fmt.Fprintln(stderr, "hubbench:", err)
		return 1
	}
	io.WriteString(stdout, table(p, r))
	return 0
}

// roles are what the first argument makes of a process that is not the driver.
var roles = map[string]func(args []string, control io.Reader, answers io.Writer) error{
	serveRole: serve,
	natsRole:  serveNATS,
}

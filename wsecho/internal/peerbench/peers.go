package main

import "net"

// A peer is one server: a row of the table.
type peer struct {
	name string
	kind kind
	// serve answers connections from ln until the process ends. Every handshake selects subprotocol from those offered,
	// and a message of 1 MiB is within all limits. A message goes back to its sender, or where the mode says so to all.
	serve func(ln net.Listener, m mode) error
	// deflates says that it has permessage-deflate, and serves it where the mode says so.
	deflates bool
}

// mode is how a server serves in a column.
type mode struct {
	// fanOut: a text message goes to all open sessions, among them every session that has had an echo.
	fanOut bool
	// deflate: such a message goes compressed, without context takeover, to those that offer it.
	deflate bool
}

type kind int

const (
	ours       kind = iota
	goroutines      // at least one goroutine for each connection
	eventLoop
	floor // no library: what the sockets alone cost
)

const subprotocol = "echo-protocol"

var peers = []peer{
	{"wsecho", ours, serveWsecho, true},
	{"coder", goroutines, serveCoder, true},
	{"gorilla", goroutines, serveGorilla, true},
	{"gws", goroutines, serveGws, true},
	{"melody", goroutines, serveMelody, true},
	{"gobwas", goroutines, serveGobwas, false},
	{"nbio", eventLoop, serveNbio, true},
	{"bare", floor, serveBare, false},
}

func (p peer) id() string { return p.name }

func (p peer) goroutinePerConnection() bool { return p.kind == goroutines }

// competes tells whether p may be the best peer: neither wsecho nor the floor is.
func (p peer) competes() bool { return p.kind == goroutines || p.kind == eventLoop }

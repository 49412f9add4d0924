package main

import "net"

// A peer is one server: a row of the table.
type peer struct {
	name string
	kind kind
	// serve answers connections from ln until the process ends. Every handshake selects subprotocol from those offered,
	// and a message of 1 MiB is within all limits. A message goes back to its sender; with fanOut a text message goes to all open
	// sessions instead, among them every session that has had an echo.
	serve func(ln net.Listener, fanOut bool) error
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
	{"wsecho", ours, serveWsecho},
	{"coder", goroutines, serveCoder},
	{"gorilla", goroutines, serveGorilla},
	{"gws", goroutines, serveGws},
	{"melody", goroutines, serveMelody},
	{"gobwas", goroutines, serveGobwas},
	{"nbio", eventLoop, serveNbio},
	{"bare", floor, serveBare},
}

func (p peer) id() string { return p.name }

func (p peer) goroutinePerConnection() bool { return p.kind == goroutines }

// competes tells whether p may be the best peer: neither wsecho nor the floor is.
func (p peer) competes() bool { return p.kind == goroutines || p.kind == eventLoop }

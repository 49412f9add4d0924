package main

import "net"

// A server is a row of the table.
type server struct {
	name string
	kept bool // it keeps messages for those who come back
	nats bool // it needs a nats-server
	// serve answers connections from ln until the process ends. Members are in the rooms that they ask for, each
	// message goes to all members of its room, its sender too, and nothing pings.
	serve func(ln net.Listener, natsURL string) error
	tongue
}

// servers are the rows. The first is what ratios are to.
var servers = []server{
	{name: "loop under a lock", serve: serveLoop, tongue: rooms},
	{name: "hub, local", kept: true, serve: serveHub, tongue: rooms},
	{name: "centrifuge, memory", kept: true, serve: serveCentrifuge, tongue: centrifugeJSON},
	{name: "hub, natslog", kept: true, nats: true, serve: serveHub, tongue: rooms},
	{name: "centrifuge, NATS", nats: true, serve: serveCentrifuge, tongue: centrifugeJSON},
}

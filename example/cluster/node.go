package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"example.com/wsecho/example/room"
	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/hub"
	"example.com/wsecho/wsecho/hub/natslog"
)

// drainTimeout is how long the end of a node may take.
const drainTimeout = 20 * time.Second

// node is one process of the service.
type node struct {
	rooms    *hub.Hub
	sockets  *wsecho.Handler
	peers    []string
	draining atomic.Bool // /readyz says so
}

// serve is a node until ctx ends, and then drains it.
func serve(ctx context.Context, o options) error {
	nc, err := natslog.Connect(o.nats)
	if err != nil {
		return err
	}
	defer nc.Close()
	log := &natslog.Log{Conn: nc, Name: "chat", Manage: true}
	n := newNode(&hub.Hub{Log: log, Registry: log.Registry()}, o.peerList())
	ln, err := net.Listen("tcp", o.addr)
	if err != nil {
		return errors.Join(err, n.rooms.Close())
	}
	srv := &http.Server{
		Handler:           n.routes(),
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       time.Minute,
		ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(ln) }()
	select {
	case err := <-failed:
		return errors.Join(err, n.sockets.Close(), n.rooms.Close())
	case <-ctx.Done():
		return n.drain(srv)
	}
}

// newNode returns a node whose page may be at any of peers.
func newNode(rooms *hub.Hub, peers []string) *node {
	n, chat := &node{rooms: rooms, peers: peers}, room.Rooms{Hub: rooms}
	n.sockets = &wsecho.Handler{
		Subprotocols:   []string{room.Subprotocol},
		OriginPatterns: peers, // a page comes here when its own node is gone
		MaxSessions:    10_000,
		ReadLimit:      16 << 10, // nobody types more
		DrainSpread:    2 * time.Second,
		OnOpen:         chat.Join,
		OnMessage:      chat.Say,
	}
	return n
}

// drain lets all clients go elsewhere. The Hub ends last, as hooks publish until the handler's Shutdown has returned.
func (n *node) drain(srv *http.Server) error {
	n.draining.Store(true)
	ctx, cancel := context.WithTimeout(context.Background(), drainTimeout)
	defer cancel()
	drained := make(chan error, 1)
	go func() { drained <- n.sockets.Shutdown(ctx) }()
	return errors.Join(srv.Shutdown(ctx), <-drained, n.rooms.Close())
}

// ready says whether the node wants new clients: it has the window, and does not drain. Whether NATS is away does not
// count: it then is for all nodes, and those who are sent away by all find none.
func (n *node) ready() bool {
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // not to wait
	return !n.draining.Load() && n.rooms.Ready(ctx) == nil
}

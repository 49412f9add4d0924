package main

import (
	"errors"
	"os"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// natsServer is an embedded NATS server, for trying things out. In production the log is not to be restarted with
// every deploy of the service: there it is servers of their own, three of them.
type natsServer struct {
	server *server.Server
	url    string
	dir    string // what it stores, which goes with it
}

// startNATS starts a server with JetStream on a free port of the loopback.
func startNATS() (*natsServer, error) {
	dir, err := os.MkdirTemp("", "wsecho-cluster-")
	if err != nil {
		return nil, err
	}
	s, err := server.NewServer(&server.Options{
		ServerName: "embedded", Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true,
		JetStream: true, StoreDir: dir, JetStreamMaxMemory: 256 << 20, JetStreamMaxStore: 4 << 30,
	})
	if err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	n := &natsServer{server: s, dir: dir}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		n.stop()
		return nil, errors.New("the embedded nats-server does not start")
	}
	n.url = s.ClientURL()
	return n, nil
}

func (n *natsServer) stop() {
	n.server.Shutdown()
	n.server.WaitForShutdown()
	os.RemoveAll(n.dir)
}

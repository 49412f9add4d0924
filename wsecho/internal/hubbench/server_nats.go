package main

import (
	"errors"
	"io"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"

	"example.com/wsecho/wsecho/internal/peerbench/child"
)

// natsRole is the first argument of a nats-server's process; its directory follows.
const natsRole = "nats"

// serveNATS is the role of a nats-server with JetStream.
func serveNATS(args []string, control io.Reader, answers io.Writer) error {
	if len(args) != 1 {
		return errors.New("which directory?")
	}
	s, err := natsserver.NewServer(&natsserver.Options{
		ServerName: "alone", Host: "127.0.0.1", Port: natsserver.RANDOM_PORT, NoSigs: true, NoLog: true,
		JetStream: true, StoreDir: args[0], JetStreamMaxMemory: 1 << 30, JetStreamMaxStore: 8 << 30,
	})
	if err != nil {
		return err
	}
	s.Start()
	defer s.WaitForShutdown()
	defer s.Shutdown()
	if !s.ReadyForConnections(30 * time.Second) {
		return errors.New("nats-server does not start")
	}
	return child.Answer(s.Addr().String(), control, answers)
}

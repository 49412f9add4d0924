package natslog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Log is a hub.Log on the JetStream stream WSECHO_<Name>. One serves one Hub. Its fields must not change after
// first use.
type Log struct {
	// Conn is the connection to NATS, made by Connect. It stays the caller's. There is no default.
	Conn *nats.Conn

	// Name is that of the service, 1 to 32 letters, digits, hyphens and underscores: Logs with the same Name share
	// one stream. There is no default.
	Name string

	// Replicas is how many servers keep the stream. 0: 3 if the server is one of a cluster, else 1.
	Replicas int

	// Window is for how long an ID is remembered, and half of how long the stream keeps a message; it should be
	// the Hub's. An ID takes 107 bytes of the server's memory for as long: 320 MB for 10,000 messages a second
	// and 5 minutes. 0: 5 min.
	Window time.Duration

	// MaxBytes is the largest size of the stream; the oldest messages go first. 0: 1 GiB.
	MaxBytes int64

	// MaxMessage is the largest message in bytes, its ID, From and some 150 bytes of headers included; what is
	// larger is hub.ErrTooLarge, as is what exceeds the server's max_payload. 0: 64 KiB.
	MaxMessage int32

	// Domain is the JetStream domain of the stream, for nodes that are connected to a leaf. "": the server's own.
	Domain string

	// Manage makes the streams that are missing, and changes those that are otherwise than Config says. Without
	// it somebody else has to, before the first node is ready. Default: false.
	Manage bool

	// Logger gets what operators should know: what ails the connection, that the stream lost its end. Nil:
	// slog.Default().
	Logger *slog.Logger

	setUp sync.Once
	js    jetstream.JetStream
	err   error // of the setup: what is wrong with the fields
}

// init checks the fields, once, and makes the JetStream client.
func (l *Log) init() error {
	l.setUp.Do(func() {
		switch {
		case l.Conn == nil:
			l.err = errors.New("wsecho: natslog: Log.Conn is nil")
			return
		case l.Name == "" || len(l.Name) > 32:
			l.err = fmt.Errorf("wsecho: natslog: Log.Name %q has not 1 to 32 bytes", l.Name)
			return
		}
		for i := range len(l.Name) {
			if !plain(l.Name[i]) {
				l.err = fmt.Errorf("wsecho: natslog: Log.Name %q has other than letters, digits, hyphens and underscores", l.Name)
				return
			}
		}
		if l.js, l.err = l.jetstream(); l.err == nil {
			warnOfOptions(l.logger(), l.Conn.Opts)
		}
	})
	return l.err
}

// jetstream makes a client of its own.
func (l *Log) jetstream(opts ...jetstream.JetStreamOpt) (jetstream.JetStream, error) {
	if l.Domain == "" {
		return jetstream.New(l.Conn, opts...)
	}
	return jetstream.NewWithDomain(l.Conn, l.Domain, opts...)
}

func (l *Log) logger() *slog.Logger {
	if l.Logger != nil {
		return l.Logger
	}
	return slog.Default()
}

func (l *Log) stream() string      { return "WSECHO_" + l.Name }
func (l *Log) logSubject() string  { return "wsecho." + l.Name + ".log." }
func (l *Log) liveSubject() string { return "wsecho." + l.Name + ".live." }

// api returns the subject of a request to JetStream.
func (l *Log) api(request string) string {
	if l.Domain == "" {
		return "$JS.API." + request
	}
	return "$JS." + l.Domain + ".API." + request
}

func (l *Log) window() time.Duration {
	if l.Window > 0 {
		return l.Window
	}
	return 5 * time.Minute
}

func (l *Log) replicas() int {
	switch {
	case l.Replicas > 0:
		return l.Replicas
	case l.Conn != nil && l.Conn.ConnectedClusterName() != "":
		return 3
	}
	return 1
}

// Config returns the stream as l needs it, for those who make it themselves. While Replicas is 0 it depends on
// the server that Conn is connected to.
func (l *Log) Config() jetstream.StreamConfig {
	c := jetstream.StreamConfig{
		Name:        l.stream(),
		Description: "wsecho: what is published in the rooms of " + l.Name,
		Subjects:    []string{l.logSubject() + ">"},
		Storage:     jetstream.FileStorage, // in memory, a restart would be a reset for everybody
		Replicas:    l.replicas(),
		Retention:   jetstream.LimitsPolicy,
		Discard:     jetstream.DiscardOld,
		MaxAge:      2 * l.window(), // a new node must find all of Window there
		MaxBytes:    l.MaxBytes,
		MaxMsgSize:  l.MaxMessage,
		Duplicates:  l.window(),
		AllowDirect: true, // any replica answers what nodes ask
		DenyDelete:  true, // a hole in the middle is taken for a loss
		RePublish:   &jetstream.RePublish{Source: l.logSubject() + ">", Destination: l.liveSubject() + ">"},
	}
	if c.MaxBytes == 0 {
		c.MaxBytes = 1 << 30
	}
	if c.MaxMsgSize == 0 {
		c.MaxMsgSize = 64 << 10
	}
	return c
}

// state asks the stream's leader what it has. With Manage a stream that is missing is made first.
func (l *Log) state(ctx context.Context) (*jetstream.StreamInfo, error) {
	s, err := l.js.Stream(ctx, l.stream())
	if errors.Is(err, jetstream.ErrStreamNotFound) && l.Manage {
		s, err = l.js.CreateOrUpdateStream(ctx, l.Config())
	}
	if err != nil {
		return nil, err
	}
	return s.CachedInfo(), nil
}

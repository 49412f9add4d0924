package clustertest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"example.com/wsecho/wsecho/hub"
	"example.com/wsecho/wsecho/hub/natslog"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// Without Manage a node waits until somebody has made the stream as Config says: one that breaks a promise will not do.
func TestStreamOfOperators(t *testing.T) {
	t.Parallel()
	url := startServer(t).ClientURL()
	nc, err := natslog.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	logged := &logLines{}
	log := &natslog.Log{Conn: nc, Name: "test", Logger: logged.logger()}
	rooms := &hub.Hub{Log: log}
	t.Cleanup(func() { rooms.Close() })
	ready := make(chan error, 1)
	go func() { ready <- rooms.Ready(within(t)) }()

	await.Poll(t, "the node says what it lacks", func() bool { return logged.contains("stream not found") })
	js := streams(t, nc)
	for want, spoil := range map[string]func(*jetstream.StreamConfig){
		"does not republish":      func(c *jetstream.StreamConfig) { c.RePublish = nil },
		"AllowDirect is off":      func(c *jetstream.StreamConfig) { c.AllowDirect = false },
		"deletes from the middle": func(c *jetstream.StreamConfig) { c.MaxMsgsPerSubject = 1 },
		"its subjects are":        func(c *jetstream.StreamConfig) { c.Subjects = append(c.Subjects, "other") },
	} {
		c := log.Config()
		spoil(&c)
		if _, err := js.CreateStream(within(t), c); err != nil {
			t.Fatal(err)
		}
		await.Poll(t, "the node says that it "+want, func() bool { return logged.contains(want) })
		if err := js.DeleteStream(within(t), c.Name); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case err := <-ready:
		t.Fatalf("ready on a stream that will not do: %v", err)
	default:
	}
	if _, err := js.CreateStream(within(t), log.Config()); err != nil {
		t.Fatal(err)
	}
	if err := <-ready; err != nil {
		t.Fatal(err)
	}
}

// With Manage a node changes what is otherwise than its Log says, and keeps what is in the stream.
func TestStreamIsManaged(t *testing.T) {
	t.Parallel()
	url := startServer(t).ClientURL()
	one := startService(t, url)
	one.publish("bob", 1, 3)
	nc, err := natslog.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	rooms := &hub.Hub{Log: &natslog.Log{Conn: nc, Name: "test", Replicas: 1, Window: time.Minute, Manage: true}}
	t.Cleanup(func() { rooms.Close() })
	if err := rooms.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	s, err := streams(t, nc).Stream(within(t), "WSECHO_test")
	if err != nil {
		t.Fatal(err)
	}
	if c := s.CachedInfo().Config; c.MaxAge != 2*time.Minute || c.Duplicates != time.Minute {
		t.Errorf("MaxAge %v and Duplicates %v, want 2m and 1m", c.MaxAge, c.Duplicates)
	}
	if n := len(rooms.Recent("room/go", 10)); n != 3 {
		t.Errorf("%d messages are there, want 3", n)
	}
}

// A Log whose fields cannot be is an error, not a subject of others.
func TestNamesThatAreNone(t *testing.T) {
	s := startService(t, startServer(t).ClientURL())
	for _, name := range []string{"", "a.b", "*", ">", "a b", "té", strings.Repeat("x", 33)} {
		l := &natslog.Log{Conn: s.nc, Name: name}
		if err := l.Append(within(t), hub.Message{Topic: "a"}); err == nil {
			t.Errorf("%q: no error", name)
		}
		ctx, cancel := context.WithCancel(context.Background())
		if err := l.Follow(ctx, &hub.Tail{}); err == nil || ctx.Err() != nil {
			t.Errorf("%q: %v", name, err)
		}
		cancel()
	}
}

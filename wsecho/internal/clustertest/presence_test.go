package clustertest

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"example.com/wsecho/wsecho/wsechotest/await"
)

// here returns who appears in room/go, as s knows.
func (s *service) here() string {
	all, err := s.rooms.Here("room/go")
	if err != nil {
		return err.Error()
	}
	var users []string
	for _, p := range all {
		users = append(users, p.User)
	}
	slices.Sort(users)
	return strings.Join(users, " ")
}

func TestPresenceAcrossNodes(t *testing.T) {
	t.Parallel()
	url := startServer(t).ClientURL()
	one, two := startService(t, url), startService(t, url)
	ann := one.join("ann", "", "appear", "yes")
	await.Poll(t, "the other node knows ann", func() bool { return two.here() == "ann" })

	bob := two.join("bob", "", "appear", "yes")
	bob.next()
	f := bob.next()
	for f.Users == nil || *f.Users < 2 {
		f = bob.next()
	}
	again := two.join("ann", "", "appear", "yes") // on another device
	ann.conn.CloseNow()
	third := startService(t, url) // reads what is there
	await.Poll(t, "all know both", func() bool {
		return one.here() == "ann bob" && two.here() == "ann bob" && third.here() == "ann bob"
	})
	again.conn.CloseNow()
	for f := bob.next(); len(f.Left) == 0; f = bob.next() {
		if len(f.Joined) > 0 {
			t.Errorf("got %+v", f)
		}
	}
	await.Poll(t, "ann has left", func() bool { return one.here() == "bob" && two.here() == "bob" && third.here() == "bob" })
}

// A node that is killed takes its users with it, once its lease has run out, and leaves nothing in the stream.
func TestPresenceOfAKilledNode(t *testing.T) {
	t.Parallel()
	url := startServer(t).ClientURL()
	one, two := startService(t, url), startService(t, url)
	one.join("ann", "", "appear", "yes")
	two.join("bob", "", "appear", "yes")
	await.Poll(t, "both are known", func() bool { return one.here() == "ann bob" && two.here() == "ann bob" })
	one.nc.Close() // as far as the others can see it is dead
	await.Poll(t, "ann is gone", func() bool { return two.here() == "bob" })
	await.Poll(t, "what it left is deleted", func() bool { return written(t, two) == "bob" })
}

// A node that is drained leaves its users to its lease: those who are at another node by then have never left.
func TestPresenceOfADrainedNode(t *testing.T) {
	t.Parallel()
	url := startServer(t).ClientURL()
	one, two := startService(t, url), startService(t, url)
	bob := two.join("bob", "", "appear", "yes")
	ann := one.join("ann", "", "appear", "yes")
	for f := bob.next(); f.Users == nil || *f.Users < 2; f = bob.next() {
	}
	go func() { ann.conn.Read(within(t)) }() // it answers the close
	if err := errors.Join(one.sockets.Shutdown(within(t)), one.rooms.Close()); err != nil {
		t.Fatal(err)
	}
	one.nc.Close()
	two.join("ann", ann.at, "appear", "yes")
	await.Poll(t, "ann is there twice", func() bool { return written(t, two) == "ann ann bob" })
	await.Poll(t, "what the drained node left is deleted", func() bool { return written(t, two) == "ann bob" })
	two.publish("eve", 1, 1)
	for f := bob.next(); f.From != "eve"; f = bob.next() {
		if len(f.Left)+len(f.Joined) > 0 {
			t.Errorf("bob was told %+v", f)
		}
	}
}

// The stream of presence is in memory: with its server it is lost, and the nodes write it again. So they do when their
// part of it was deleted.
func TestPresenceIsWrittenAgain(t *testing.T) {
	t.Parallel()
	o := serverOptions("alone", freePorts(t, 1)[0], t.TempDir())
	first := startServerWith(t, o)
	url := first.ClientURL()
	one, two := startService(t, url), startService(t, url)
	one.join("ann", "", "appear", "yes")
	two.join("bob", "", "appear", "yes")
	for range 30 { // the new stream has lower numbers than the old one
		one.join("zoe", "", "appear", "yes").conn.CloseNow()
	}
	await.Poll(t, "both are known", func() bool { return one.here() == "ann bob" && two.here() == "ann bob" })
	stopServer(first)
	await.Poll(t, "the nodes notice", func() bool { return !one.nc.IsConnected() && !two.nc.IsConnected() })
	startServerWith(t, o)
	await.Poll(t, "the nodes are back", func() bool { return one.nc.IsConnected() && two.nc.IsConnected() })
	two.join("eve", "", "appear", "yes")
	await.Poll(t, "all are known", func() bool {
		return one.here() == "ann bob eve" && two.here() == "ann bob eve" && written(t, one) == "ann bob eve"
	})

	if err := presenceStream(t, one).Purge(within(t)); err != nil {
		t.Fatal(err)
	}
	await.Poll(t, "all is written again", func() bool { return written(t, one) == "ann bob eve" })
	third := startService(t, url)
	await.Poll(t, "a new node reads it", func() bool { return third.here() == "ann bob eve" })
}

func presenceStream(t *testing.T, s *service) jetstream.Stream {
	t.Helper()
	stream, err := streams(t, s.nc).Stream(within(t), "WSECHO_test_HERE")
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

// written returns who appears according to the stream of presence, once for each session.
func written(t *testing.T, s *service) string {
	t.Helper()
	stream := presenceStream(t, s)
	info, err := stream.Info(within(t), jetstream.WithSubjectFilter("wsecho.test.here.>"))
	if err != nil {
		t.Fatal(err)
	}
	var users []string
	for subject := range info.State.Subjects {
		m, err := stream.GetLastMsgForSubject(within(t), subject)
		if err != nil || len(m.Data) == 0 {
			continue // deleted meanwhile, or marked as gone
		}
		var a struct{ User string }
		if err := json.Unmarshal(m.Data, &a); err != nil {
			t.Fatal(err)
		}
		users = append(users, a.User)
	}
	slices.Sort(users)
	return strings.Join(users, " ")
}

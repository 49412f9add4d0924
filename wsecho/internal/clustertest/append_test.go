package clustertest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/wsecho/wsecho/hub"
	"example.com/wsecho/wsecho/wsechotest/await"
)

func TestTooLarge(t *testing.T) {
	s := startService(t, startServer(t).ClientURL())
	for name, size := range map[string]int{"for the stream": 65 << 10, "for the server": 2 << 20} {
		m := hub.Message{Topic: "room/go", From: "bob", Data: []byte(`"` + strings.Repeat("x", size) + `"`)}
		if err := s.log.Append(within(t), m); !errors.Is(err, hub.ErrTooLarge) {
			t.Errorf("%s: %v, want ErrTooLarge", name, err)
		}
	}
	m := hub.Message{Topic: "room/go", From: "bob", Data: []byte(`"` + strings.Repeat("x", 60<<10) + `"`)}
	if err := s.log.Append(within(t), m); err != nil {
		t.Error(err)
	}
}

func TestNoTopic(t *testing.T) {
	s := startService(t, startServer(t).ClientURL())
	for _, topic := range []string{"", strings.Repeat("x", 201), strings.Repeat("/", 14), "\xff"} {
		if err := s.log.Append(within(t), hub.Message{Topic: topic}); !errors.Is(err, hub.ErrTopic) {
			t.Errorf("%.20q: %v, want ErrTopic", topic, err)
		}
	}
}

// While NATS is away nothing waits for it; once it is back, what was not stored can be published again.
func TestAppendWhileAway(t *testing.T) {
	o := serverOptions("alone", freePorts(t, 1)[0], t.TempDir())
	first := startServerWith(t, o)
	s := startService(t, first.ClientURL())
	m := hub.Message{Topic: "room/go", ID: "1", From: "bob", Data: []byte("1")}
	stopServer(first)
	await.Poll(t, "the connection is lost", func() bool { return !s.nc.IsConnected() })
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	if err := s.rooms.Publish(ctx, m); !errors.Is(err, hub.ErrUnavailable) {
		t.Errorf("while NATS is away: %v, want ErrUnavailable", err)
	}

	startServerWith(t, o)
	await.Poll(t, "it can be published", func() bool { return s.rooms.Publish(within(t), m) == nil })
	s.publish("bob", 1, 2) // the first is the same again
	r := s.join("ann", "0-0")
	r.expectReset()
	await.Poll(t, "both are there", func() bool { return len(s.rooms.Recent("room/go", 10)) == 2 })
}

// The same message is stored once, at whatever nodes and however often it is published; another sender's, or in another
// topic, is not the same for having its ID.
func TestStoredOnce(t *testing.T) {
	url := startServer(t).ClientURL()
	nodes := []*service{startService(t, url), startService(t, url), startService(t, url)}
	var all sync.WaitGroup
	for _, s := range nodes {
		for n := range 100 {
			for _, from := range []string{"ann", "bob", ""} {
				all.Go(func() {
					m := hub.Message{Topic: "room/go", ID: fmt.Sprint(n), From: from, Data: fmt.Append(nil, n)}
					if err := s.rooms.Publish(within(t), m); err != nil {
						t.Error(err)
					}
				})
			}
		}
	}
	all.Wait()
	// A separator that could be part of a name would make these two the same.
	for _, m := range []hub.Message{{Topic: "a", From: "b:c", ID: "d"}, {Topic: "a", From: "b", ID: "c:d"}, {Topic: "a", From: "b1", ID: "d"}} {
		if err := nodes[0].rooms.Publish(within(t), m); err != nil {
			t.Error(err)
		}
	}
	for _, s := range nodes {
		await.Poll(t, "each is there once", func() bool {
			return len(s.rooms.Recent("room/go", 1000)) == 300 && len(s.rooms.Recent("a", 10)) == 3
		})
	}
	for i, e := range nodes[0].rooms.Recent("room/go", 1000) {
		for _, s := range nodes[1:] {
			if other := s.rooms.Recent("room/go", 1000)[i]; other.At != e.At || other.Message.From != e.Message.From {
				t.Fatalf("message %d is at %s here, at %s there", i, e.At, other.At)
			}
		}
	}
}

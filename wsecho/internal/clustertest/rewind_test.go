package clustertest

import (
	"fmt"
	"os"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"example.com/wsecho/wsecho/wsechotest/await"
)

// A stream that was made anew, with fewer entries than the node has, tells no consumer that anything is missing. Each
// session is told once.
func TestStreamMadeAnew(t *testing.T) {
	for name, stored := range map[string]int{"empty": 0, "shorter": 5, "as long": 20, "longer": 30} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startService(t, startServer(t).ClientURL())
			r := s.join("ann", "")
			r.next()
			s.publish("bob", 1, 20)
			r.expect("bob", 1, 20)

			js := streams(t, s.nc)
			if err := js.DeleteStream(within(t), "WSECHO_test"); err != nil {
				t.Fatal(err)
			}
			if _, err := js.CreateStream(within(t), s.log.Config()); err != nil {
				t.Fatal(err)
			}
			for n := 1; n <= stored; n++ {
				store(t, js, "wsecho.test.log.room.go", fmt.Sprint(n), nil)
			}
			told(t, s, r)
		})
	}
}

// So it is where the node had nothing yet: what the first stream may have had is lost.
func TestEmptyStreamMadeAnew(t *testing.T) {
	t.Parallel()
	s := startService(t, startServer(t).ClientURL())
	r := s.join("ann", "")
	r.next()
	js := streams(t, s.nc)
	if err := js.DeleteStream(within(t), "WSECHO_test"); err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(within(t), s.log.Config()); err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 3; n++ {
		store(t, js, "wsecho.test.log.room.go", fmt.Sprint(n), nil)
	}
	told(t, s, r)
}

// A stream that lost its end, as after a power failure or from a backup, has other entries in those places.
func TestStreamLostItsEnd(t *testing.T) {
	for name, stored := range map[string]int{"no more": 0, "fewer than were lost": 3, "as many": 10, "more": 15} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := serverOptions("alone", freePorts(t, 1)[0], t.TempDir())
			first := startServerWith(t, o)
			s := startService(t, first.ClientURL())
			r := s.join("ann", "")
			r.next()
			s.publish("bob", 1, 10)
			r.expect("bob", 1, 10)
			stopServer(first)
			await.Poll(t, "the node notices", func() bool { return !s.nc.IsConnected() })

			backup := t.TempDir()
			if err := os.CopyFS(backup, os.DirFS(o.StoreDir)); err != nil {
				t.Fatal(err)
			}
			second := startServerWith(t, o)
			await.Poll(t, "the node is back", s.nc.IsConnected)
			s.publish("bob", 11, 20)
			r.expect("bob", 11, 20)
			stopServer(second)
			await.Poll(t, "the node notices", func() bool { return !s.nc.IsConnected() })

			o.StoreDir = backup
			startServerWith(t, o)
			await.Poll(t, "the node is back", s.nc.IsConnected)
			js := streams(t, s.nc)
			for n := 11; n < 11+stored; n++ {
				store(t, js, "wsecho.test.log.room.go", fmt.Sprint(n), nil)
			}
			told(t, s, r)
		})
	}
}

// told holds that r, which had all that the log had, is told once that it has lost something, that so is who comes back
// from such a place, and that both then get what is published.
func told(t *testing.T, s *service, r *reader) {
	t.Helper()
	was := r.at
	r.expectReset()
	s.publish("eve", 1, 1)
	r.expect("eve", 1, 1)
	back := s.join("ann", was)
	back.expectReset()
	s.publish("eve", 2, 3)
	back.expect("eve", 2, 3)
	r.expect("eve", 2, 3)
	again := s.join("ann", back.at)
	s.publish("eve", 4, 4)
	again.expect("eve", 4, 4)
}

func streams(t testing.TB, nc *nats.Conn) jetstream.JetStream {
	t.Helper()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

// store publishes as any NATS client can.
func store(t testing.TB, js jetstream.JetStream, subject, data string, header nats.Header) {
	t.Helper()
	ctx := within(t)
	if _, err := js.PublishMsg(ctx, &nats.Msg{Subject: subject, Data: []byte(data), Header: header}); err != nil {
		t.Fatal(err)
	}
}

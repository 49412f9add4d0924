package clustertest

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"example.com/wsecho/wsecho/hub"
)

// Who may publish what only the server should can show a node no place that the stream does not have.
func TestForgedLiveMessage(t *testing.T) {
	s := startService(t, startServer(t).ClientURL())
	r := s.join("ann", "")
	r.next()
	s.publish("bob", 1, 5)
	r.expect("bob", 1, 5)

	number := s.place(r.at).Seq
	for _, seq := range []uint64{number + 2, number + 1000, 1 << 63, number, 1, 0} {
		s.forge(fmt.Sprint(seq), time.Now().Format(time.RFC3339Nano))
	}
	s.forge("", time.Now().Format(time.RFC3339Nano))
	s.forge(fmt.Sprint(number+1), "yesterday")
	s.publish("bob", 6, 10)
	r.expect("bob", 6, 10)

	// One with the very next number is taken, until the stream is found to have another there, or none.
	s.forge(fmt.Sprint(number+6), time.Now().UTC().Format(time.RFC3339Nano))
	if f := r.next(); f.From != "mallory" {
		t.Errorf("got %+v", f)
	}
	r.expectReset()
	s.publish("bob", 11, 12)
	r.expect("bob", 11, 12)
}

// forge publishes as if the stream had stored it.
func (s *service) forge(seq, at string) {
	s.t.Helper()
	h := nats.Header{"Nats-Subject": {"wsecho.test.log.room.go"}, "Nats-Sequence": {seq}, "Nats-Time-Stamp": {at}, "From": {"mallory"}}
	if err := s.nc.PublishMsg(&nats.Msg{Subject: "wsecho.test.live.room.go", Header: h, Data: []byte("0")}); err != nil {
		s.t.Fatal(err)
	}
}

// place reads what a client says as since.
func (s *service) place(at string) hub.Position {
	s.t.Helper()
	number, stamp, _ := strings.Cut(at, "-")
	seq, err := strconv.ParseUint(number, 36, 64)
	if err != nil {
		s.t.Fatal(err)
	}
	ns, err := strconv.ParseUint(stamp, 36, 64)
	if err != nil {
		s.t.Fatal(err)
	}
	return hub.Position{Seq: seq, Stamp: ns}
}

// What other programs store in the stream's subjects is a message with a place, whatever its headers say, and a
// subject that is no topic's is a place alone.
func TestStoredByOthers(t *testing.T) {
	server := startServer(t)
	s := startService(t, server.ClientURL())
	r := s.join("ann", "")
	r.next()
	js := streams(t, s.nc)
	headers := []nats.Header{
		nil,
		{"Nats-Sequence": {"1"}, "Nats-Time-Stamp": {"yesterday"}, "Nats-Subject": {"wsecho.test.log.user.ann"}, "Nats-Last-Sequence": {"x"}},
		{"Status": {"404"}, "Description": {"No Messages"}},
		{"Status": {"204"}, "Nats-Num-Pending": {"0"}},
		{"Id": {"%zz"}, "From": {"%"}},
	}
	for n, h := range headers {
		store(t, js, "wsecho.test.log.room.go", fmt.Sprint(n), h)
		store(t, js, "wsecho.test.log.room.=zz", "no topic's", nil)
		store(t, js, "wsecho.test.log.room.=67o", "a second spelling of go", nil)
	}
	s.publish("bob", 1, 1)
	for n := range headers {
		f := r.next()
		if string(f.Data) != fmt.Sprint(n) {
			t.Errorf("got %+v, want message %d", f, n)
		}
	}
	r.expect("bob", 1, 1)
	if got, want := s.place(r.at).Seq, uint64(3*len(headers)+1); got != want {
		t.Errorf("the last message is at %d, want %d", got, want)
	}

	// A node that comes later reads the same.
	late := startService(t, server.ClientURL())
	again := late.rooms.Recent("room/go", 100)
	if len(again) != len(headers)+1 || again[len(headers)].At != r.at {
		t.Errorf("another node has %d messages, want %d: %+v", len(again), len(headers)+1, again)
	}
}

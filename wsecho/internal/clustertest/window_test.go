package clustertest

import (
	"testing"
	"time"

	"example.com/wsecho/wsecho/hub/natslog"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// A node that comes later has what is within Window, and knows the place just before it.
func TestLateNodeHasTheWindow(t *testing.T) {
	t.Parallel()
	url := startServer(t).ClientURL()
	const window = 8 * time.Second // the stream keeps 16; so long what is published last has to be read in
	first := startServiceWith(t, url, &natslog.Log{Name: "test", Replicas: 1, Window: window, Manage: true})
	r := first.join("ann", "")
	r.next()
	start := r.at
	first.publish("bob", 1, 3)
	r.expect("bob", 1, 2)
	before := r.at
	r.expect("bob", 3, 3)
	border := r.at
	old := time.Unix(0, int64(first.place(border).Stamp))
	await.Poll(t, "the first three are older than the window", func() bool { return time.Since(old) > window })
	first.publish("bob", 4, 6)

	late := startServiceWith(t, url, &natslog.Log{Name: "test", Replicas: 1, Window: window, Manage: true})
	if n := len(late.rooms.Recent("room/go", 10)); n != 3 {
		t.Errorf("it has %d messages, want 3", n)
	}
	late.join("ann", border).expect("bob", 4, 6)
	late.join("ann", before).expectReset()
	late.join("ann", start).expectReset()
}

// What MaxBytes or an operator took away is missed by whoever has not had it, and by nobody else.
func TestPurgedStream(t *testing.T) {
	t.Parallel()
	url := startServer(t).ClientURL()
	s := startService(t, url)
	r := s.join("ann", "")
	r.next()
	s.publish("bob", 1, 5)
	r.expect("bob", 1, 3)
	missed := r.at
	r.expect("bob", 4, 5)
	stream, err := streams(t, s.nc).Stream(within(t), "WSECHO_test")
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Purge(within(t)); err != nil {
		t.Fatal(err)
	}
	s.publish("bob", 6, 8)
	r.expect("bob", 6, 8)
	s.join("ann", missed).expect("bob", 4, 8) // this node has it

	late := startService(t, url)
	late.join("ann", missed).expectReset()
	s.publish("bob", 9, 9)
	r.expect("bob", 9, 9)
}

// A stream whose numbers go on where another's ended is another stream all the same.
func TestStreamThatGoesOnWithTheNumbers(t *testing.T) {
	t.Parallel()
	s := startService(t, startServer(t).ClientURL())
	r := s.join("ann", "")
	r.next()
	s.publish("bob", 1, 5)
	r.expect("bob", 1, 5)
	js := streams(t, s.nc)
	if err := js.DeleteStream(within(t), "WSECHO_test"); err != nil {
		t.Fatal(err)
	}
	c := s.log.Config()
	c.FirstSeq = s.place(r.at).Seq + 1
	if _, err := js.CreateStream(within(t), c); err != nil {
		t.Fatal(err)
	}
	told(t, s, r)
}

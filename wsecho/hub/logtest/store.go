package logtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"example.com/wsecho/wsecho/hub"
)

// testOrder: all sessions see one order, with the same places at every node, and each sender's own.
func testOrder(t *testing.T, c *cluster) {
	const senders, each = 4, 50
	var clients []*client
	for i := range 2 * len(c.nodes) {
		cl, _ := dial(t, c.node(i), "", "a", "b/c")
		clients = append(clients, cl)
	}
	var sending sync.WaitGroup
	for i := range senders {
		sending.Go(func() {
			for n := range each {
				topic := [...]string{"a", "b/c"}[(i+n)%2]
				publish(t, c.node(i), hub.Message{Topic: topic, From: fmt.Sprint(i), ID: fmt.Sprint(n)})
			}
		})
	}
	defer sending.Wait() // also where the test fails
	var want []frame
	for i, cl := range clients {
		next := map[string]int{}
		for k := range senders * each {
			f := cl.message()
			if i == 0 {
				want = append(want, f)
			} else if f.At != want[k].At || f.From != want[k].From || f.ID != want[k].ID {
				t.Fatalf("client %d: %+v in place %d, the first had %+v", i, f, k, want[k])
			}
			if f.ID != fmt.Sprint(next[f.From]) {
				t.Fatalf("client %d: %+v, want the sender's %d", i, f, next[f.From])
			}
			next[f.From]++
		}
	}
}

// testContent: what is published comes out, whatever it is, and the publisher's memory is its own again.
func testContent(t *testing.T, c *cluster) {
	topics := []string{"a", "a/b", "A", "a.b", "a.*", "a/>", "=2E", "a b", "é/ü", "/", "a//b", "$SYS", "a\x01", strings.Repeat("é", 100), strings.Repeat("x/", 13) + "x"}
	var clients []*client
	for i := range c.nodes {
		cl, _ := dial(t, c.node(i), "", topics...)
		clients = append(clients, cl)
	}
	for i, topic := range topics {
		m := hub.Message{
			Topic: topic,
			ID:    fmt.Sprintf("%d\r\n: %%é", i),
			From:  "é\t\"=& +\r\n",
			Data:  fmt.Appendf(nil, `{"n":%d,"s":%q}`, i, strings.Repeat("x", i*1000)),
		}
		want := string(m.Data)
		publish(t, c.node(i), m)
		clear(m.Data)
		for _, cl := range clients {
			if f := cl.message(); f.Topic != topic || f.ID != m.ID || f.From != m.From || string(f.Data) != want {
				t.Fatalf("%+v, want %+v", f, m)
			}
		}
	}
	publish(t, c.node(0), hub.Message{Topic: "a"})
	for _, cl := range clients {
		if f := cl.message(); f.Topic != "a" || f.ID != "" || f.From != "" || f.Data != nil {
			t.Errorf("%+v of nothing but a topic", f)
		}
	}
}

// testOnceStored: the same message, published everywhere at once and again, is stored once.
func testOnceStored(t *testing.T, c *cluster) {
	const ids = 50
	cl, _ := dial(t, c.node(0), "", "a")
	var publishing sync.WaitGroup
	for i := range 3 {
		publishing.Go(func() {
			for id := range ids {
				publish(t, c.node(i), hub.Message{Topic: "a", From: "u", ID: fmt.Sprint(id), Data: []byte("1")})
			}
		})
	}
	publishing.Wait()
	publish(t, c.node(1), hub.Message{Topic: "a", From: "u", ID: "7"})
	publish(t, c.node(1), hub.Message{Topic: "a", ID: "end"})
	seen := map[string]bool{}
	for range ids {
		f := cl.message()
		if seen[f.ID] {
			t.Errorf("ID %s twice", f.ID)
		}
		seen[f.ID] = true
	}
	if f := cl.message(); f.ID != "end" {
		t.Errorf("%+v is one more", f)
	}
}

// testOthersStored: what differs in topic, sender or ID is another message, wherever the names begin and end, and
// what has no ID is always another.
func testOthersStored(t *testing.T, c *cluster) {
	all := []hub.Message{
		{Topic: "a", From: "u", ID: "1"}, {Topic: "a", From: "u1", ID: "1"}, {Topic: "a", From: "u", ID: "11"},
		{Topic: "a", From: "", ID: "u1"}, {Topic: "a", From: "u1", ID: ""}, {Topic: "a", From: "u1", ID: ""},
		{Topic: "au", From: "", ID: "1"}, {Topic: "a/u", From: "", ID: "1"}, {Topic: "a", ID: ""}, {Topic: "a", ID: ""},
	}
	cl, _ := dial(t, c.node(1), "", "a", "au", "a/u")
	for i, m := range all {
		publish(t, c.node(i), m)
	}
	for _, m := range all {
		if f := cl.message(); f.Topic != m.Topic || f.From != m.From || f.ID != m.ID {
			t.Errorf("%+v, want %+v", f, m)
		}
	}
}

// testTooLarge: what is too large is refused as that, and is not stored; what is not is.
func testTooLarge(t *testing.T, c *cluster) {
	cl, _ := dial(t, c.node(1), "", "a")
	if err := c.node(0).Publish(t.Context(), hub.Message{Topic: "a", Data: quoted(2 << 20)}); !errors.Is(err, hub.ErrTooLarge) {
		t.Errorf("2 MiB: %v", err)
	}
	publish(t, c.node(0), hub.Message{Topic: "a", Data: quoted(32 << 10)})
	if f := cl.message(); len(f.Data) != 32<<10 {
		t.Errorf("%d bytes", len(f.Data))
	}
}

// quoted returns a JSON string of n bytes.
func quoted(n int) []byte { return []byte(`"` + strings.Repeat("x", n-2) + `"`) }

// testContextEnds: a Publish whose ctx is over returns, and leaves open whether the message is stored.
func testContextEnds(t *testing.T, c *cluster) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.node(0).Publish(ctx, hub.Message{Topic: "a", ID: "1"}); err != nil && !errors.Is(err, hub.ErrUnavailable) {
		t.Error(err)
	}
	cl, _ := dial(t, c.node(0), "", "a")
	publish(t, c.node(0), hub.Message{Topic: "a", ID: "2"})
	if f := cl.message(); f.ID != "2" && f.ID != "1" {
		t.Errorf("%+v", f)
	}
}

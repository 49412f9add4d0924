package hub_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.com/wsecho/wsecho/hub"
)

// A message is what comes in the frame, whatever is in it.
func TestMessage(t *testing.T) {
	h := &hub.Hub{}
	defer h.Close()
	odd := "é\"\\\n\u2028<x>"
	c, first := dial(t, service(h, nil), "", "room/%22"+"%C3%A9")
	m := hub.Message{Topic: `room/"é`, ID: odd, From: odd, Data: []byte(`{"x": [1, "é<"]}`)}
	if err := h.Publish(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	m.Data[0] = 'X' // it is ours again
	f := c.next()
	if f.Topic != m.Topic || f.ID != odd || f.From != odd || string(f.Data) != `{"x": [1, "é<"]}` || f.At == first.At {
		t.Errorf("%+v", f)
	}
	say(t, h, m.Topic, "")
	if f := c.next(); f.Topic != m.Topic || f.Data != nil {
		t.Errorf("%+v", f)
	}
	recent := h.Recent(m.Topic, 5)
	if len(recent) != 2 || recent[0].Message.ID != odd || recent[1].At != c.at || len(h.Recent(m.Topic, 1)) != 1 || len(h.Recent("x", 1)) != 0 {
		t.Errorf("%+v", recent)
	}
}

func TestPublishRefuses(t *testing.T) {
	h := &hub.Hub{}
	defer h.Close()
	done, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx  context.Context
		m    hub.Message
		want error
	}{
		"no topic":           {nil, hub.Message{}, hub.ErrTopic},
		"a long topic":       {nil, hub.Message{Topic: strings.Repeat("x", 201)}, hub.ErrTopic},
		"many segments":      {nil, hub.Message{Topic: strings.Repeat("/", 14)}, hub.ErrTopic},
		"a topic of bytes":   {nil, hub.Message{Topic: "\xff"}, hub.ErrTopic},
		"a long ID":          {nil, hub.Message{Topic: "a", ID: strings.Repeat("x", 129)}, hub.ErrTooLarge},
		"a long From":        {nil, hub.Message{Topic: "a", From: strings.Repeat("x", 129)}, hub.ErrTooLarge},
		"an ID of bytes":     {nil, hub.Message{Topic: "a", ID: "\xff"}, errAny},
		"too much":           {nil, hub.Message{Topic: "a", Data: []byte(`"` + strings.Repeat("x", 64<<10) + `"`)}, hub.ErrTooLarge},
		"no JSON":            {nil, hub.Message{Topic: "a", Data: []byte(`{`)}, errAny},
		"JSON of bytes":      {nil, hub.Message{Topic: "a", Data: []byte("\"\xff\"")}, errAny},
		"a ctx that is over": {done, hub.Message{Topic: "a"}, hub.ErrUnavailable},
		"the longest":        {nil, hub.Message{Topic: strings.Repeat("/", 13) + strings.Repeat("x", 187), ID: strings.Repeat("x", 128)}, nil},
	} {
		if c.ctx == nil {
			c.ctx = t.Context()
		}
		err := h.Publish(c.ctx, c.m)
		if c.want == errAny && err == nil || c.want != errAny && !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if st := h.Stats(); st.Published != 1 {
		t.Errorf("%d published", st.Published)
	}
}

var errAny = errors.New("any error")

// The same Topic, From and ID is stored once within Window; other IDs, topics and senders are not touched by it.
func TestOnceStored(t *testing.T) {
	in(t, func(t *testing.T) {
		h := &hub.Hub{Window: time.Minute}
		defer h.Close()
		publish := func(topic, from, id string) {
			if err := h.Publish(t.Context(), hub.Message{Topic: topic, From: from, ID: id}); err != nil {
				t.Error(err)
			}
		}
		stored := func(want int) {
			t.Helper()
			if n, _ := hub.Entries(h); n != want {
				t.Fatalf("%d stored, want %d", n, want)
			}
		}
		for range 3 {
			publish("a", "u", "1")
		}
		stored(1)
		publish("a", "u1", "")
		publish("a", "u", "11")
		publish("a", "u1", "1")
		publish("au", "", "1")
		publish("a", "u1", "") // without an ID each is another
		stored(6)
		time.Sleep(time.Minute)
		publish("a", "u", "1")
		stored(6)
		time.Sleep(time.Second)
		publish("a", "u", "1") // the others have gone
		stored(1)
	})
}

// A topic that is added begins now, one that is removed ends now, and who leaves gets nothing.
func TestAddRemove(t *testing.T) {
	h := &hub.Hub{}
	defer h.Close()
	members := make(chan *hub.Member, 2)
	sv := service(h, func(m *hub.Member, _ *http.Request) { members <- m })
	c, first := dial(t, sv, "", "a")
	m := <-members
	say(t, h, "b", "1")
	m.Add("b", "b", "", "a") // once each
	say(t, h, "b", "2")
	c.wants("2")
	m.Remove("a", "x")
	say(t, h, "a", "3")
	say(t, h, "b", "4")
	c.wants("4")
	m.Add("a")
	say(t, h, "a", "5")
	c.wants("5")

	// Who comes back and then adds a topic does not get its past.
	d, _ := dial(t, sv, first.At, "a")
	(<-members).Add("b")
	say(t, h, "b", "6")
	d.wants("3", "5", "6")
	c.wants("6")

	m.Leave()
	m.Leave()
	m.Add("a")
	say(t, h, "a", "7")
	d.wants("7")
	if st := h.Stats(); st.Members != 1 || st.Topics != 2 {
		t.Errorf("%+v", st)
	}
}

package hub

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"unicode/utf8"
)

// Whatever a client says as since, a place is what String returns, and nothing else.
func FuzzSince(f *testing.F) {
	for _, p := range []Position{{}, {1, 2}, {35, 36}, {math.MaxUint64, math.MaxUint64}} {
		f.Add(p.String(), p.Seq, p.Stamp)
	}
	for _, s := range []string{"", "-", "1", "1-", "-1", "01-1", "1-01", "1--1", "+1-1", "A-1", "1-1-1", "1_0-1", "3w5e11264sgsg-1", " 1-1", "1-1\x00", "١-1"} {
		f.Add(s, uint64(1), uint64(2))
	}
	f.Fuzz(func(t *testing.T, s string, seq, stamp uint64) {
		if p, ok := parsePosition(Position{seq, stamp}.String()); !ok || p != (Position{seq, stamp}) {
			t.Fatalf("%d-%d became %+v, %v", seq, stamp, p, ok)
		}
		p, ok := parsePosition(s)
		if ok && (p.String() != s || len(s) > 28) || !ok && p != (Position{}) {
			t.Fatalf("%q: %v %v", s, p, ok)
		}
		var tail Tail
		tail.Start(Position{10, 10})
		tail.Append(Entry{Position: Position{11, 11}}, Entry{Position: Position{15, 15}})
		tail.Synced(15)
		known := p == Position{10, 10} || p == Position{11, 11} || p == Position{15, 15}
		if v := tail.judge(p, 0); (v == whole) != known || (v == ahead) != (p.Seq > 15) {
			t.Fatalf("%q: %v", s, v)
		}
	})
}

// A message that Publish takes is one that its frame carries whole, in the topic that it was published in.
func FuzzTopic(f *testing.F) {
	f.Add("room/go", "1", "u", []byte(`{"x":1}`))
	f.Add(`a"b\`, "\x00\x1f\x7f", "é\u2028", []byte("\"\u2029\""))
	f.Add(strings.Repeat("/", 14), "\xff", strings.Repeat("x", 129), []byte("\"\xff\""))
	f.Add("", "", "", []byte(nil))
	f.Fuzz(func(t *testing.T, topic, id, from string, data []byte) {
		m := Message{topic, id, from, data}
		err := checkTopic(topic)
		valid := utf8.ValidString(topic) && topic != "" && len(topic) <= 200 && len(strings.Split(topic, "/")) <= 14
		if valid != (err == nil) || !valid && !errors.Is(err, ErrTopic) {
			t.Fatalf("%q: %v", topic, err)
		}
		if m.check(true) != nil {
			return
		}
		p := encodeJSON(Event{At: "1-1", Message: &m})
		var got struct {
			At, Topic, ID, From string
			Data                json.RawMessage
		}
		if err := json.Unmarshal(p, &got); err != nil || !utf8.Valid(p) {
			t.Fatalf("%s: %v", p, err)
		}
		if got.At != "1-1" || got.Topic != topic || got.ID != id || got.From != from || string(got.Data) != strings.Trim(string(data), " \t\r\n") {
			t.Fatalf("%s of %+v", p, m)
		}
	})
}

// Of different messages no two have one key, wherever one string ends and the next begins.
func FuzzKey(f *testing.F) {
	f.Add("a", "b", "c", "ab", "", "c")
	f.Add("a", "b", "c", "a", "bc", "")
	f.Fuzz(func(t *testing.T, topic, from, id, topic2, from2, id2 string) {
		m, m2 := Message{Topic: topic, From: from, ID: id}, Message{Topic: topic2, From: from2, ID: id2}
		same := topic == topic2 && from == from2 && id == id2
		if same != (m.key() == m2.key()) {
			t.Fatalf("%+v and %+v", m, m2)
		}
	})
}

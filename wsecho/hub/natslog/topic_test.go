package natslog

import (
	"strings"
	"testing"
)

func TestTopicsAsSubjects(t *testing.T) {
	for topic, want := range map[string]string{
		"all":           "all",
		"room/go":       "room.go",
		"room/a.b>":     "room.a=2Eb=3E",
		"room/*":        "room.=2A",
		"room/":         "room.=",
		"/":             "=.=",
		"user/a b=c":    "user.a=20b=3Dc",
		"room/茶":        "room.=E8=8C=B6",
		"Mixed-Case_09": "Mixed-Case_09",
	} {
		got := encodeTopic(topic)
		if got != want {
			t.Errorf("%q is %q, want %q", topic, got, want)
		}
		if back, ok := decodeTopic(got); !ok || back != topic {
			t.Errorf("%q comes back as %q, %v", topic, back, ok)
		}
	}
}

func TestSubjectsThatAreNoTopic(t *testing.T) {
	for _, tokens := range []string{"", ".", "a..b", "=4", "=", "=41", "=2e", "a=", "a=2", "=FF", "a b", "room.*", "room.>", "=.=4",
		strings.Repeat("a", maxTopic+1), strings.Repeat("a.", maxSegments) + "a"} {
		if topic, ok := decodeTopic(tokens); ok {
			t.Errorf("%q passes as topic %q", tokens, topic)
		}
	}
}

func TestTopicsThatAreRefused(t *testing.T) {
	for _, topic := range []string{"", strings.Repeat("a", maxTopic+1), strings.Repeat("a/", maxSegments) + "a", "room/\xff"} {
		if validTopic(topic) {
			t.Errorf("%q is taken", topic)
		}
	}
	for _, topic := range []string{strings.Repeat("a", maxTopic), strings.Repeat("a/", maxSegments-1) + "a", "\x00", "a b"} {
		if !validTopic(topic) {
			t.Errorf("%q is refused", topic)
		}
	}
}

// FuzzTopic holds any topic against what its subject must be: tokens that NATS takes, in which nothing of the topic has
// a meaning to it, and out of which the very topic comes back.
func FuzzTopic(f *testing.F) {
	for _, topic := range []string{"room/go", "room/a.b>", "*", "//", "=", "=41", "a/=/b", "\x00\x7f", "茶/馆", " "} {
		f.Add(topic)
	}
	f.Fuzz(func(t *testing.T, topic string) {
		if !validTopic(topic) {
			return
		}
		tokens := encodeTopic(topic)
		if n := strings.Count(topic, "/"); strings.Count(tokens, ".") != n {
			t.Fatalf("%q has %d slashes, %q other dots", topic, n, tokens)
		}
		for token := range strings.SplitSeq(tokens, ".") {
			if token == "" {
				t.Fatalf("%q is %q, with an empty token", topic, tokens)
			}
			for i := range len(token) {
				if !plain(token[i]) && token[i] != '=' {
					t.Fatalf("%q is %q", topic, tokens)
				}
			}
		}
		if back, ok := decodeTopic(tokens); !ok || back != topic {
			t.Fatalf("%q is %q, which is %q, %v", topic, tokens, back, ok)
		}
	})
}

// FuzzSubject holds any subject that is taken for a topic's against that topic's own: there is no second spelling.
func FuzzSubject(f *testing.F) {
	for _, tokens := range []string{"room.go", "=.=", "=2E", "=41", "a..b", "room.=E8=8C=B6", "=FF"} {
		f.Add(tokens)
	}
	f.Fuzz(func(t *testing.T, tokens string) {
		topic, ok := decodeTopic(tokens)
		if !ok {
			return
		}
		if !validTopic(topic) || encodeTopic(topic) != tokens {
			t.Fatalf("%q is %q, which is %q", tokens, topic, encodeTopic(topic))
		}
	})
}

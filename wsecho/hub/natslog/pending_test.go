package natslog

import (
	"fmt"
	"testing"

	"github.com/nats-io/nats.go"

	"example.com/wsecho/wsecho/hub"
)

// A node whose sessions come and go while NATS is away keeps no more than what the others have heard of.
func TestPendingDoesNotGrow(t *testing.T) {
	r := (&Log{Name: "test"}).Registry().(*registry)
	stays := hub.Appearance{Session: "s", Topic: "room/go", User: "ann"}
	r.Put(stays)
	known := r.pending.take(10)
	if len(known) != 1 {
		t.Fatalf("%d words, want 1", len(known))
	}
	r.pending.written(known, known) // NATS is away
	for i := range 1000 {
		a := hub.Appearance{Session: fmt.Sprint(i), Topic: "room/go", User: "bob"}
		r.Put(a)
		r.Remove(a)
	}
	r.Remove(stays) // the others may know it
	last := r.pending.take(10)
	if len(last) != 1 || !isGone(last[0]) {
		t.Fatalf("%d words, want the end of the one that the others may know", len(last))
	}
	r.pending.written(last, nil)
	if len(r.pending.words)+len(r.pending.tried) > 0 {
		t.Errorf("%d words and %d subjects are left", len(r.pending.words), len(r.pending.tried))
	}
}

// The last word on a subject counts, also against one that failed.
func TestPendingKeepsTheLastWord(t *testing.T) {
	r := (&Log{Name: "test"}).Registry().(*registry)
	a := hub.Appearance{Session: "s", Topic: "room/go", User: "ann"}
	r.Put(a)
	first := r.pending.take(10)
	r.Remove(a)
	r.pending.written(first, first)
	if last := r.pending.take(10); len(last) != 1 || !isGone(last[0]) {
		t.Errorf("%d words, want the end", len(last))
	}

	// What changes while all are listed is newer than the list.
	b := hub.Appearance{Session: "t", Topic: "room/go", User: "bob"}
	r.pending.begin()
	r.Put(b)
	r.Remove(b)
	r.pending.setAll([]*nats.Msg{r.encode(b)})
	if last := r.pending.take(10); len(last) != 0 {
		t.Errorf("one who has left is told again")
	}
}

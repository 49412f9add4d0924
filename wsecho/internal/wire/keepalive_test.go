package wire

import (
	"testing"
	"time"
)

// The verdict on a peer whose pong is due: one row a case, those that rule others out first. Pinged is 100:
// of ours 100 bytes were sent, up to and with the ping; 40 of them had arrived when last looked at.
func TestJudge(t *testing.T) {
	const pinged, before = 100, 40
	for _, c := range []struct {
		name   string
		unread int  // when the ping was sent
		behind bool // at the last verdict
		o      observed
		want   verdict
	}{
		{"a byte came", 0, false, observed{alive: true}, verdictAlive},
		{"a byte came, whatever else there is", 9, true, observed{alive: true, flushing: true, working: true, raw: true, full: true}, verdictAlive},

		{"the ping may wait behind what WriteTimeout watches", 0, false, observed{flushing: true}, verdictUnclear},
		{"likewise while a Message works", 0, false, observed{flushing: true, working: true}, verdictUnclear},
		{"likewise on a raw socket", 0, false, observed{flushing: true, raw: true, acked: before}, verdictUnclear},
		{"likewise if bytes wait", 0, false, observed{flushing: true, raw: true, unread: 5, acked: pinged}, verdictUnclear},

		{"not raw: silence", 0, false, observed{}, verdictDead},
		{"not raw: a Message may keep bytes from being read", 0, false, observed{working: true}, verdictUnclear},

		{"raw: silence", 0, false, observed{raw: true, acked: pinged}, verdictDead},
		{"raw: silence while a Message works", 0, false, observed{raw: true, working: true, acked: pinged}, verdictDead},
		{"raw: more arrived than the ping, and silence", 0, false, observed{raw: true, acked: pinged + 50}, verdictDead},
		{"raw: bytes wait since the ping", 0, false, observed{raw: true, working: true, unread: 1, acked: pinged}, verdictAlive},
		{"raw: more bytes than at the ping", 7, false, observed{raw: true, working: true, unread: 8, acked: pinged}, verdictAlive},
		{"raw: only those that waited before the ping", 7, false, observed{raw: true, working: true, unread: 7, acked: pinged}, verdictDead},
		{"raw: some of those were read", 7, false, observed{raw: true, working: true, unread: 3, acked: pinged}, verdictDead},
		{"raw: bytes wait of a peer whose kernel took no ping", 0, false, observed{raw: true, working: true, unread: 1, acked: before}, verdictAlive},

		{"raw: the ping is on its way behind much", 0, false, observed{raw: true, acked: before + 1}, verdictUnclear},
		{"raw: and still is", 0, true, observed{raw: true, acked: pinged - 1}, verdictUnclear},
		{"raw: it is no more: not even its kernel is there", 0, false, observed{raw: true, acked: before}, verdictDead},
		{"raw: it was, and is no more", 0, true, observed{raw: true, acked: before}, verdictDead},
		{"raw: no kernel is there, however much of its own lies unread", 9, false, observed{raw: true, working: true, unread: 9, full: true, acked: before}, verdictDead},
		{"raw: the ping has arrived since the last verdict", 0, true, observed{raw: true, acked: pinged}, verdictUnclear},

		{"local: it does not read, as it has no room to write", 9, false, observed{raw: true, local: true, working: true, unread: 9, full: true, acked: before}, verdictUnclear},
		{"local: it does not read, and has room to write", 9, false, observed{raw: true, local: true, working: true, unread: 9, acked: before}, verdictDead},
		{"local: silence", 0, false, observed{raw: true, local: true, acked: pinged}, verdictDead},
		{"local: it reads slowly", 0, false, observed{raw: true, local: true, acked: before + 1}, verdictUnclear},

		{"raw: no room for its pong", 9, false, observed{raw: true, working: true, unread: 9, full: true, acked: pinged}, verdictUnclear},
		{"raw: a little room", 9, false, observed{raw: true, working: true, unread: 9, acked: pinged}, verdictDead},
	} {
		k := keepalive{pinged: pinged, acked: before, unread: int32(c.unread), behind: c.behind}
		if got := k.judge(c.o); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// The verdicts on one ping, each PongTimeout after the one before.
func TestJudgeAgain(t *testing.T) {
	type look struct {
		acked int64
		want  verdict
	}
	for name, looks := range map[string][]look{
		"a slow peer that dies once it has the ping": {{10, verdictUnclear}, {20, verdictUnclear}, {100, verdictUnclear}, {100, verdictDead}},
		"one that dies before":                       {{10, verdictUnclear}, {20, verdictUnclear}, {20, verdictDead}},
		"one that has the ping at once":              {{100, verdictDead}},
		"one that takes nothing":                     {{0, verdictDead}},
		"one that takes more than the ping":          {{99, verdictUnclear}, {150, verdictUnclear}, {200, verdictDead}},
	} {
		k := keepalive{pinged: 100}
		for i, l := range looks {
			if got := k.judge(observed{raw: true, acked: l.acked}); got != l.want {
				t.Errorf("%s: verdict %d is %v, want %v", name, i, got, l.want)
			}
		}
	}
}

// The timer is due at the first of its times, of which 0 is none.
func TestFirst(t *testing.T) {
	if at := new(keepalive).first(); at != 0 {
		t.Errorf("nothing is due, and at %v it is", at)
	}
	set := []func(k *keepalive, at time.Duration){
		func(k *keepalive, at time.Duration) { k.pingAt = at },
		func(k *keepalive, at time.Duration) { k.pongBy = at },
		func(k *keepalive, at time.Duration) { k.readAt = at },
		func(k *keepalive, at time.Duration) { k.stallBy = at },
		func(k *keepalive, at time.Duration) { k.parkAt = at },
		func(k *keepalive, at time.Duration) { k.endBy = at },
	}
	for i := range set {
		var k keepalive
		set[i](&k, 5)
		if at := k.first(); at != 5 {
			t.Errorf("%d alone: due at %v", i, at)
		}
		for j := range set {
			set[j](&k, 7)
		}
		set[i](&k, 3)
		if at := k.first(); at != 3 {
			t.Errorf("%d before the others: due at %v", i, at)
		}
	}
}

// The verdict on a ping that had to wait is put off until it has left; a verdict that has fallen is not.
func TestPingLeft(t *testing.T) {
	for _, c := range []struct {
		k    keepalive
		want time.Duration
	}{
		{keepalive{queued: true, pongBy: 5}, 9}, {keepalive{queued: false, pongBy: 5}, 5}, {keepalive{queued: true, pongBy: 0}, 0},
	} {
		k := c.k
		if k.pingLeft(3, 9); k.pongBy != c.want || k.queued || (k.sentAt == 3) != c.k.queued {
			t.Errorf("%+v: %+v", c.k, k)
		}
	}
}

// The latency is that of the latest ping that was answered: a pong that nobody asked for tells nothing.
func TestPonged(t *testing.T) {
	var k keepalive
	for _, step := range []struct {
		do   func()
		want time.Duration
	}{
		{func() { k.ponged(5) }, 0},
		{func() { k.queued = true; k.pingLeft(10, 20) }, 0},
		{func() { k.ponged(13) }, 3},
		{func() { k.ponged(19) }, 3},
		{func() { k.pingLeft(20, 30); k.ponged(21) }, 3}, // none had been queued
		{func() { k.queued = true; k.pingLeft(40, 50); k.ponged(40) }, 1},
	} {
		if step.do(); k.latency != step.want {
			t.Fatalf("latency %d, want %d: %+v", k.latency, step.want, k)
		}
	}
}

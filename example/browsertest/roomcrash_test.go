package browsertest

import (
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/chromedp/chromedp"

	"example.com/wsecho/wsecho/wsechotest/await"
)

// twoInARoom opens two pages in one room, which hear each other.
func twoInARoom(t *testing.T, s *service) (ann, bob *tab) {
	t.Helper()
	ann, bob = open(t, s, look{place: "#room=lobby"}), open(t, s, look{place: "#room=lobby"})
	for _, b := range []*tab{ann, bob} {
		b.provokes(socketFailed)
		b.provokes(fetchFailed)
		b.connected()
		b.wait(`document.getElementById('members').children.length === 2`)
	}
	ann.say("before")
	bob.waitRow("received", "before")
	return ann, bob
}

// told returns how often a page says that it may have missed something.
func told(b *tab) (times int) {
	for _, note := range b.rows("note") {
		if strings.Contains(note, "may have missed") {
			times++
		}
	}
	return times
}

// A crash takes what was said with it. A page in a room says that what it has sent may not have arrived, sends it again by
// itself, counts it as delivered only once it has come back, and says that it may have missed something.
func TestRoomAfterACrash(t *testing.T) {
	s := start(t)
	ann, bob := twoInARoom(t, s)
	s.Cmd.Process.Signal(syscall.SIGSTOP)
	await.Poll(t, "the service stands still", s.stopped)
	ann.say("into the crash")
	ann.wait(`document.querySelector('#log [data-state=sending]')`)
	s.Kill()
	ann.wait(`document.querySelector('#queue [data-state=doubtful] small')?.textContent === 'May have arrived. It will be sent again.'`)
	ann.say("while it was away")

	s.again()
	for _, b := range []*tab{ann, bob} {
		b.wait(`document.getElementById('retry').click() || document.getElementById('state').dataset.state === 'open'`)
		b.waitRow("note", "You may have missed some messages.")
	}
	bob.waitRow("received", "into the crash") // also where he was back later than she
	bob.waitRow("received", "while it was away")
	ann.wait(`document.querySelectorAll('#log [data-state=delivered]').length === 3`)
	ann.say("after")
	bob.waitRow("received", "after")
	bob.say("indeed")
	ann.waitRow("received", "indeed")
	if got, want := ann.rows("sent"), []string{"before", "into the crash", "while it was away", "after"}; !slices.Equal(got, want) {
		t.Errorf("sent %q, want %q", got, want)
	}
	if got := ann.rows("received"); !slices.Equal(got, []string{"indeed"}) {
		t.Errorf("received %q: its own words are no others'", got)
	}
	// What he asks for after a reset may come behind what is said meanwhile.
	if got, want := slices.Sorted(slices.Values(bob.rows("received"))), []string{"after", "before", "into the crash", "while it was away"}; !slices.Equal(got, want) {
		t.Errorf("he received %q, want %q", got, want)
	}
	if told(ann) != 1 || told(bob) != 1 {
		t.Errorf("they are told %d and %d times that something may be missing", told(ann), told(bob))
	}
}

// A deploy ends the sessions with all that was said before it, and what is said meanwhile arrives when the service is
// back: once, and in order.
func TestRoomAfterADeploy(t *testing.T) {
	s := start(t)
	ann, bob := twoInARoom(t, s)
	for _, text := range []string{"one", "two", "three"} {
		ann.say(text)
	}
	ann.wait(`document.querySelectorAll('#log [data-state=delivered]').length === 4`)
	s.stop()
	bob.waitRow("note", "Connection closed (1001)")
	ann.waitRow("note", "Connection closed (1001)")
	ann.say("four")
	if got := bob.rows("received"); !slices.Equal(got, []string{"before", "one", "two", "three"}) {
		t.Errorf("with the deploy he has received %q", got)
	}
	s.again()
	bob.wait(`document.getElementById('retry').click() || document.getElementById('state').dataset.state === 'open'`)
	bob.waitRow("note", "You may have missed some messages.") // it is another process
	ann.wait(`document.getElementById('retry').click() || document.getElementById('state').dataset.state === 'open'`)
	bob.waitRow("received", "four")
	want := []string{"before", "one", "two", "three", "four"}
	if got := bob.rows("received"); !slices.Equal(got, want) {
		t.Errorf("he has received %q, want %q", got, want)
	}
	if got := ann.rows("sent"); !slices.Equal(got, want) {
		t.Errorf("she has sent %q, want %q", got, want)
	}
}

// A page that is loaded anew, or that comes later, is shown what was said before.
func TestRoomShowsThePast(t *testing.T) {
	s := start(t)
	ann, _ := twoInARoom(t, s)
	ann.say("later")
	ann.wait(`document.querySelectorAll('#log [data-state=delivered]').length === 2`)
	me := ann.text("#members li")
	ann.do(chromedp.Reload())
	ann.wait(`document.documentElement.dataset.ready === '' && document.querySelectorAll('#log .received').length === 2`)
	ann.wait(`document.getElementById('members').children.length === 2`)
	if got := ann.text("#members li"); got != me {
		t.Errorf("she was %s, and is %s", me, got)
	}
	eve := open(t, s, look{place: "#room=lobby"})
	eve.waitRow("received", "later")
	if got := eve.rows("received"); !slices.Equal(got, []string{"before", "later"}) {
		t.Errorf("who comes later is shown %q", got)
	}
}

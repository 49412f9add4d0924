package main

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho/wsechotest/await"
	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// nameless is what guests are called that give no name.
var nameless = regexp.MustCompile(`^guest-\d+$`)

func TestRoom(t *testing.T) {
	service := serve(t)
	ann, bob := enter(t, service, "茶馆", "name=Ann", ""), enter(t, service, "茶馆", "", "")
	eve := enter(t, service, "elsewhere", "", "")
	if ann.me.Name != "Ann" || !nameless.MatchString(bob.me.Name) {
		t.Errorf("they are called %q and %q", ann.me.Name, bob.me.Name)
	}
	ann.say("1", "在吗？")
	ann.say("2", `"quoted"`)
	bob.hears("Ann 在吗？", `Ann "quoted"`)
	bob.say("1", "yes") // with an id that is another's as well
	for _, g := range []*guest{ann, bob} {
		g.hears("Ann 在吗？", `Ann "quoted"`, bob.me.Name+" yes")
	}
	eve.say("1", "hello?")
	eve.hears(eve.me.Name + " hello?")
}

// Everybody is shown who is there, by name, and who comes and goes.
func TestRoomShowsWhoIsHere(t *testing.T) {
	leaktest.Slow(t)
	t.Parallel() // it waits until Bob's absence is more than a moment
	s := newService(options{})
	s.hub.Grace = time.Second
	service := serveService(t, s)
	ann := enter(t, service, "lobby", "name=Ann", "")
	ann.sees("Ann")
	bob := enter(t, service, "lobby", "name=Bob", "")
	bob.sees("Ann", "Bob")
	ann.sees("Ann", "Bob")
	bob.conn.Close(websocket.StatusNormalClosure, "")
	ann.sees("Ann")
}

// All hear all in one order, whoever says it.
func TestRoomHasOneOrder(t *testing.T) {
	service := serve(t)
	ann, bob := enter(t, service, "lobby", "name=Ann", ""), enter(t, service, "lobby", "name=Bob", "")
	const each = 200
	go func() {
		for i := range each {
			bob.say(fmt.Sprint(i), fmt.Sprint(i))
		}
	}()
	for i := range each {
		ann.say(fmt.Sprint(i), fmt.Sprint(i))
	}
	for _, g := range []*guest{ann, bob} {
		g.until(func() bool { return len(g.heard) == 2*each })
	}
	if !slices.Equal(ann.heard, bob.heard) {
		t.Error("they hear the same things in other orders")
	}
}

// A newcomer is shown the end of what was said, once and in order, and then what comes.
func TestRoomShowsThePast(t *testing.T) {
	service := serve(t)
	ann := enter(t, service, "lobby", "name=Ann", "")
	var said []string
	for i := range 60 {
		if i == 1 { // even the very first message is shown
			first := enter(t, service, "lobby", "", "")
			first.hears("Ann 0")
			first.conn.CloseNow()
		}
		ann.say(fmt.Sprint(i), fmt.Sprint(i))
		said = append(said, fmt.Sprintf("Ann %d", i))
		ann.hears(said...)
	}
	bob := enter(t, service, "lobby", "", "")
	bob.hears(said[10:]...)
	ann.say("late", "late")
	bob.hears(append(said[10:], "Ann late")...)
}

// Who is cut off comes back with what it has reached, and misses nothing; what it sends again is there once.
func TestRoomResumes(t *testing.T) {
	s := newService(options{})
	service := serveService(t, s)
	ann, bob := enter(t, service, "lobby", "name=Ann&guest=anns&id=hers", ""), enter(t, service, "lobby", "name=Bob", "")
	ann.say("1", "one")
	ann.hears("Ann one")
	for session := range s.chat.Sessions() {
		if c, _ := session.Context().Value(carrierKey{}).(carrier); c.id == "hers" {
			session.Close(websocket.StatusGoingAway, "")
		}
	}
	if code := ann.end(); code != websocket.StatusGoingAway { // who is here may come before it
		t.Fatalf("she saw %d, want 1001", code)
	}
	bob.say("2", "meanwhile")
	bob.hears("Ann one", "Bob meanwhile")

	back := enter(t, service, "lobby", "name=Ann&guest=anns", ann.at)
	if back.me != ann.me {
		t.Errorf("she comes back as %v, and was %v", back.me, ann.me)
	}
	back.say("1", "one") // its receipt has not come through, for all she knows
	back.say("2", "two")
	back.hears("Bob meanwhile", "Ann two")
	bob.hears("Ann one", "Bob meanwhile", "Ann two")
	if back.resets+bob.resets > 0 {
		t.Error("somebody is told that something is missing")
	}
}

// A service that starts anew has nothing of what was said, and tells who comes back so, once; then it goes on.
func TestRoomIsForgottenWithItsProcess(t *testing.T) {
	ann := enter(t, serve(t), "lobby", "name=Ann&guest=anns", "")
	ann.say("1", "one")
	ann.hears("Ann one")
	again := serve(t)
	back := enter(t, again, "lobby", "name=Ann&guest=anns", ann.at)
	back.say("2", "two")
	back.hears("Ann two")
	if back.resets != 1 {
		t.Errorf("%d resets, want 1", back.resets)
	}

	// Who comes back later is told so too, and asks for what was said.
	late := enter(t, again, "lobby", "", ann.at)
	at := late.at
	write(t, late.conn, `{"past":true}`)
	late.hears("Ann two")
	if late.resets != 1 || late.at != at {
		t.Errorf("%d resets, and the past moved its place from %s to %s", late.resets, at, late.at)
	}
	if back.me != ann.me {
		t.Errorf("she is %v, and was %v", back.me, ann.me)
	}
}

// A guest is who has the key: not who has the name.
func TestRoomGuestsAreTheirKeys(t *testing.T) {
	service := serve(t)
	ann := enter(t, service, "lobby", "name=Ann&guest=anns", "")
	for query, same := range map[string]bool{"name=Eve&guest=anns": true, "name=Ann": false, "name=Ann&guest=" + ann.me.User: false} {
		if got := enter(t, service, "lobby", query, "").me.User == ann.me.User; got != same {
			t.Errorf("%s is the same guest: %v", query, got)
		}
	}
	ann.say("1", "mine")
	ann.hears("Ann mine") // two connections have no order but this
	eve := enter(t, service, "lobby", "name=Ann&guest=eves", "")
	eve.say("1", "hers") // the same id suppresses nothing of another's
	ann.hears("Ann mine", "Ann hers")
}

// A name that cannot be shown is none.
func TestRoomNames(t *testing.T) {
	service := serve(t)
	for query, want := range map[string]string{
		"%20%E5%B0%8F%E6%98%8E%20": "小明", strings.Repeat("x", 30): strings.Repeat("x", 30),
		"": "", "%20": "", "a%0Ab": "", "%FF": "", strings.Repeat("x", 31): "",
	} {
		g := enter(t, service, "lobby", "name="+query, "")
		if g.me.Name != want && (want != "" || !nameless.MatchString(g.me.Name)) {
			t.Errorf("who asks for %q is called %q, want %q", query, g.me.Name, want)
		}
		g.conn.CloseNow()
	}
}

// What is no message ends the session with a code that says so.
func TestRoomTakesMessages(t *testing.T) {
	service := serve(t)
	for p, want := range map[string]websocket.StatusCode{
		"hello":                         websocket.StatusInvalidFramePayloadData,
		`{"data":"no id"}`:              websocket.StatusInvalidFramePayloadData,
		`{"id":"1"}`:                    websocket.StatusInvalidFramePayloadData,
		`{"id":"1","data":{"a":"map"}}`: websocket.StatusInvalidFramePayloadData,
		`{"id":"` + strings.Repeat("x", 129) + `","data":""}`: websocket.StatusInvalidFramePayloadData,
		"\x00binary": websocket.StatusUnsupportedData,
	} {
		g := enter(t, service, "lobby", "", "")
		typ := websocket.MessageText
		if want == websocket.StatusUnsupportedData {
			typ = websocket.MessageBinary
		}
		if err := g.conn.Write(await.Within(t), typ, []byte(p)); err != nil {
			t.Fatal(err)
		}
		if got := g.end(); got != want {
			t.Errorf("%q ends the session with %d, want %d", p, got, want)
		}
	}
}

// A name that no topic can have is no room's.
func TestRoomsHaveNames(t *testing.T) {
	service := serve(t)
	for _, room := range []string{strings.Repeat("x", 151), "%FF"} {
		c := dial(t, service+"/rooms/"+room)
		if _, _, err := c.Read(await.Within(t)); websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
			t.Errorf("room %q: %v, want 1008", room, err)
		}
	}
	enter(t, service, url.PathEscape(strings.Repeat("茶", 50)), "", "")
}

package hub_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/hub"
)

// lobby is a service whose clients appear in room as who they say they are, and watch it: ?user=ann&watch=1.
func lobby(h *hub.Hub) *wsecho.Handler {
	return service(h, func(m *hub.Member, r *http.Request) {
		q := r.URL.Query()
		if u := q.Get("user"); u != "" {
			m.Appear("room", u, json.RawMessage(q.Get("info")))
		}
		if q.Has("watch") {
			m.Watch("room")
		}
	})
}

// enter is dial for a lobby.
func enter(t testing.TB, sv http.Handler, query string) *client {
	t.Helper()
	c, _ := dial(t, sv, "&"+query)
	return c
}

// leave closes the connection as a browser does.
func (c *client) leave() {
	c.conn.CloseRead(c.Context())
	c.conn.Close(websocket.StatusGoingAway, "")
}

// hears reads frames until one is about presence, and holds it against want: here ann,ben; joined ann left ben; 3.
func (c *client) hears(want string) {
	c.Helper()
	f := c.next()
	for f.Users == nil {
		f = c.next()
	}
	var got []string
	for _, l := range []struct {
		what string
		ps   []hub.Presence
	}{{"here", f.Here}, {"joined", f.Joined}, {"left", f.Left}} {
		if l.ps == nil {
			continue
		}
		var names []string
		for _, p := range l.ps {
			names = append(names, p.User+string(p.Info))
		}
		got = append(got, l.what+" "+strings.Join(names, ","))
	}
	got = append(got, fmt.Sprint(*f.Users))
	if s := strings.Join(got, " "); s != want || f.Topic != "room" || f.At != "" {
		c.Fatalf("heard %q, want %q; %+v", s, want, f)
	}
}

// here is who Here returns, with the number of sessions.
func here(t *testing.T, h *hub.Hub) string {
	t.Helper()
	all, err := h.Here("room")
	if err != nil {
		t.Error(err)
	}
	var names []string
	for _, p := range all {
		names = append(names, fmt.Sprint(p.User, p.Sessions))
	}
	return strings.Join(names, " ")
}

// First all, then changes; a user is there once, and leaves when Grace has passed since the last session's end.
func TestPresence(t *testing.T) {
	in(t, func(t *testing.T) {
		h := &hub.Hub{Grace: 5 * time.Second}
		defer h.Close()
		sv := lobby(h)
		watcher := enter(t, sv, "watch=1")
		watcher.hears("here  0")
		ann := enter(t, sv, "user=ann&info=1&watch=1")
		ann.hears("here ann1 1")
		watcher.hears("joined ann1 1")
		time.Sleep(2 * time.Second)
		again := enter(t, sv, "user=ann&info=1")
		ben := enter(t, sv, "user=ben")
		watcher.hears("joined ben 2")
		ann.hears("joined ben 2")
		if got := here(t, h); got != "ann2 ben1" {
			t.Error(got)
		}
		again.leave()
		time.Sleep(10 * time.Second)
		if got := here(t, h); got != "ann1 ben1" {
			t.Error(got)
		}
		ben.leave()
		time.Sleep(4 * time.Second)
		if got := here(t, h); got != "ann1 ben0" {
			t.Error(got)
		}
		ben = enter(t, sv, "user=ben") // within Grace: nobody hears of it
		time.Sleep(10 * time.Second)
		ann.leave()
		began := time.Now()
		watcher.hears("left ann1 1")
		if d := time.Since(began); d < 5*time.Second || d > 6*time.Second {
			t.Errorf("left after %v", d)
		}
		ben.leave()
		watcher.hears("left ben 0")
		if got := here(t, h); got != "" {
			t.Error(got)
		}
	})
}

// What changes within a second is one frame, and what changes back is none.
func TestPresenceMerges(t *testing.T) {
	in(t, func(t *testing.T) {
		h := &hub.Hub{Grace: 100 * time.Millisecond}
		defer h.Close()
		sv := lobby(h)
		watcher := enter(t, sv, "watch=1")
		watcher.hears("here  0")
		var names []string
		for i := range 20 {
			time.Sleep(10 * time.Millisecond)
			names = append(names, fmt.Sprintf("u%02d", i))
			enter(t, sv, "user="+names[i])
		}
		enter(t, sv, "user=short").leave()
		began := time.Now()
		watcher.hears("joined " + strings.Join(names, ",") + " 20")
		if d := time.Since(began); d > time.Second {
			t.Errorf("after %v", d)
		}
		enter(t, sv, "user=u00&info=2") // the info of the session that appeared last
		watcher.hears("joined u002 20")
	})
}

// Beyond 200 users their number is told, and all again when they are fewer.
func TestPresenceOfMany(t *testing.T) {
	in(t, func(t *testing.T) {
		h := &hub.Hub{}
		defer h.Close()
		members := make(chan *hub.Member, 1)
		sv := service(h, func(m *hub.Member, _ *http.Request) { members <- m })
		// One session may appear in many topics, but is one user in each: the crowd comes from another node.
		watcher, _ := dial(t, sv, "")
		m := <-members
		m.Watch("room")
		watcher.hears("here  0")
		crowd := hub.RosterOf(h)
		for i := range 201 {
			crowd.Put("n2", hub.Appearance{Session: fmt.Sprint(i), Topic: "room", User: fmt.Sprint(i), Since: time.Now()})
		}
		watcher.hears("201")
		crowd.Put("n2", hub.Appearance{Session: "x", Topic: "room", User: "x", Since: time.Now()})
		watcher.hears("202")
		crowd.Drop("n2")
		m.Appear("room", "ann", nil)
		watcher.hears("203")
		time.Sleep(5 * time.Second)
		watcher.hears("here ann 1")
		m.Remove("room") // takes all three back
		time.Sleep(10 * time.Second)
		watcher.silent("after Remove")
	})
}

// A watcher that reads too slowly to get a frame gets all, later.
func TestPresenceSlowWatcher(t *testing.T) {
	in(t, func(t *testing.T) {
		h := &hub.Hub{}
		defer h.Close()
		sv := lobby(h)
		sv.WriteLimit, sv.WriteTimeout = 4<<10, -1
		watcher := enter(t, sv, "watch=1")
		watcher.hears("here  0")
		info := fmt.Sprintf("%q", strings.Repeat("x", 3000))
		for i := range 40 {
			name := fmt.Sprint("u", i)
			a := hub.Appearance{Session: name, Topic: "room", User: name, Info: json.RawMessage(info), Since: time.Now()}
			hub.RosterOf(h).Put("n2", a)
			time.Sleep(time.Second + mergeFor)
		}
		there, all := map[string]bool{}, 0
		for users := 0; users < 40; {
			f := watcher.next()
			if f.Here != nil {
				all++
				clear(there)
			}
			for _, p := range append(f.Here, f.Joined...) {
				there[p.User] = true
			}
			if f.Users != nil {
				users = *f.Users
			}
			if len(there) != users {
				t.Fatalf("it knows of %d, and is told that they are %d", len(there), users)
			}
		}
		if all == 0 {
			t.Error("it never was too slow")
		}
	})
}

// mergeFor is at least how long changes are collected.
const mergeFor = 100 * time.Millisecond

// A deploy does not show as everybody leaving: the users of a drained handler stay until its process is gone.
func TestPresenceOfDrained(t *testing.T) {
	in(t, func(t *testing.T) {
		h := &hub.Hub{}
		defer h.Close()
		drained, other := lobby(h), lobby(h)
		watcher := enter(t, other, "watch=1")
		watcher.hears("here  0")
		ann, ben := enter(t, drained, "user=ann"), enter(t, drained, "user=ben")
		watcher.hears("joined ann,ben 2")
		for _, c := range []*client{ann, ben} {
			c.conn.CloseRead(t.Context())
		}
		drained.Shutdown(context.Background())
		time.Sleep(4 * time.Second)
		enter(t, other, "user=ann") // it has come to another node
		began := time.Now()
		watcher.hears("left ben 1") // this process lives on without
		if d := time.Since(began); d < 10*time.Second {
			t.Errorf("after %v", d)
		}
	})
}

// Who has left is shown no more, and a topic that is none shows nobody.
func TestAppearAfterTheEnd(t *testing.T) {
	in(t, func(t *testing.T) {
		h := &hub.Hub{}
		defer h.Close()
		members := make(chan *hub.Member, 1)
		sv := service(h, func(m *hub.Member, _ *http.Request) { members <- m })
		c, _ := dial(t, sv, "")
		m := <-members
		m.Appear("", "ann", nil)
		m.Watch("")
		m.Appear("room", "ann", json.RawMessage("{"))
		if all, _ := h.Here("room"); len(all) != 1 || all[0].Info != nil {
			t.Errorf("%+v", all)
		}
		c.leave()
		synctest.Wait()
		m.Appear("room", "ben", nil)
		m.Watch("room")
		time.Sleep(6 * time.Second)
		if got := here(t, h); got != "" {
			t.Error(got)
		}
	})
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/coder/websocket"
	"github.com/go-chi/chi/v5"

	"example.com/wsecho/wsecho"
)

// rooms is a chat. Whoever opens /rooms/{room} hears what the others there say, and who
// comes and goes. A room exists while somebody is in it.
type rooms struct {
	mu     sync.Mutex // held for no more than a look: what goes on in one room delays no other
	open   map[string]*room
	guests int // so far
}

// A room has a lock of its own. It is taken without that of rooms.
type room struct {
	name   string
	guests int // who have entered and not left yet; under rooms.mu

	mu      sync.Mutex
	members map[*wsecho.Session]bool
}

// longestName is how many letters a name may have that a member gives itself, and mostNames how many members a
// newcomer is told of.
const longestName, mostNames = 30, 100

// A member is what a Session's Data holds: set by join, and never changed.
type member struct {
	room *room
	name string
}

// An event is what all in a room are told.
type event struct {
	From  string   `json:"from"`
	Says  string   `json:"says,omitempty"`
	Does  string   `json:"does,omitempty"`  // joined or left
	Own   bool     `json:"own,omitempty"`   // to the one it is from: a receipt, or its name
	Names []string `json:"names,omitempty"` // to the one who has joined: some of who is here, itself too
	Here  int      `json:"here"`            // members now
}

// join is the OnOpen of a chat.
func (rs *rooms) join(s *wsecho.Session, r *http.Request) error {
	me := rs.enter(chi.URLParam(r, "room"), r.URL.Query().Get("name"))
	s.Data = me
	me.room.mu.Lock()
	defer me.room.mu.Unlock()
	me.room.members[s] = true
	me.tell(event{Does: "joined"}, s)
	return nil
}

// say is its OnMessage.
func (rs *rooms) say(_ context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
	if typ != websocket.MessageText {
		return websocket.CloseError{Code: websocket.StatusUnsupportedData, Reason: "rooms take text"}
	}
	me := s.Data.(member)
	me.room.mu.Lock()
	defer me.room.mu.Unlock()
	me.tell(event{Says: string(p)}, s)
	return nil
}

// leave is its OnClose.
func (rs *rooms) leave(_ context.Context, s *wsecho.Session, _ error) {
	me := s.Data.(member)
	defer rs.exit(me.room)
	me.room.mu.Lock()
	defer me.room.mu.Unlock()
	delete(me.room.members, s)
	me.tell(event{Does: "left"}, nil)
}

// enter gives a new guest a place in the room of that name, which it opens if need be. One who gives no name that
// can be shown is called guest-N.
func (rs *rooms) enter(name, guest string) member {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if rs.open == nil {
		rs.open = map[string]*room{}
	}
	if rs.open[name] == nil {
		rs.open[name] = &room{name: name, members: map[*wsecho.Session]bool{}}
	}
	rs.guests++
	rs.open[name].guests++
	if guest = strings.TrimSpace(guest); guest == "" || utf8.RuneCountInString(guest) > longestName || !printable(guest) {
		guest = fmt.Sprintf("guest-%d", rs.guests)
	}
	return member{room: rs.open[name], name: guest}
}

// printable reports whether s is text without control characters.
func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// exit gives a guest's place back. The last one's closes the room.
func (rs *rooms) exit(r *room) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if r.guests--; r.guests == 0 {
		delete(rs.open, r.name)
	}
}

// tell sends e to all in the member's room; to self, the session that it is from, as its own. The room's lock is
// held, so that everybody hears the same things in the same order; TryWrite never waits under it.
func (m member) tell(e event, self *wsecho.Session) {
	here := m.room.members
	e.From, e.Here = m.name, len(here)
	p := encode(e)
	for s := range here {
		q := p
		if s == self {
			own := e
			own.Own = true
			if e.Does == "joined" {
				own.Names = m.room.names()
			}
			q = encode(own)
		}
		if err := s.TryWrite(websocket.MessageText, q); err != nil {
			// One who reads too slowly is cut, so that the room need not wait.
			s.Close(websocket.StatusTryAgainLater, "reading too slowly")
		}
	}
}

// names returns those of the members, sorted: of all, or of mostNames in a room that has more.
func (r *room) names() []string {
	var names []string
	for s := range r.members {
		if len(names) == mostNames {
			break
		}
		names = append(names, s.Data.(member).name)
	}
	slices.Sort(names)
	return names
}

// encode returns e as JSON.
func encode(e event) []byte {
	p, err := json.Marshal(e)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	return p
}

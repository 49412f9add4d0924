package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"

	"github.com/coder/websocket"
	"github.com/go-chi/chi/v5"

	"example.com/wsecho/wsecho"
)

// rooms is a chat. Whoever opens /rooms/{room} hears what the others there say, and who
// comes and goes. A room exists while somebody is in it.
type rooms struct {
	mu      sync.Mutex
	members map[string]map[*wsecho.Session]bool
	guests  int // so far
}

// A member is what a Session's Data holds: set by join, and never changed.
type member struct{ room, name string }

// An event is what the others in a room are told.
type event struct {
	From string `json:"from"`
	Says string `json:"says,omitempty"`
	Does string `json:"does,omitempty"` // joined or left
	Here int    `json:"here"`           // members now
}

func (rs *rooms) join(s *wsecho.Session, r *http.Request) error {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.guests++
	me := member{room: chi.URLParam(r, "room"), name: fmt.Sprintf("guest-%d", rs.guests)}
	s.Data = me
	if rs.members == nil {
		rs.members = map[string]map[*wsecho.Session]bool{}
	}
	if rs.members[me.room] == nil {
		rs.members[me.room] = map[*wsecho.Session]bool{}
	}
	rs.members[me.room][s] = true
	rs.tell(me, event{Does: "joined"}, nil)
	return nil
}

func (rs *rooms) say(_ context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
	if typ != websocket.MessageText {
		return websocket.CloseError{Code: websocket.StatusUnsupportedData, Reason: "rooms take text"}
	}
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.tell(s.Data.(member), event{Says: string(p)}, s)
	return nil
}

func (rs *rooms) leave(_ context.Context, s *wsecho.Session, _ error) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	me := s.Data.(member)
	delete(rs.members[me.room], s)
	rs.tell(me, event{Does: "left"}, nil)
	if len(rs.members[me.room]) == 0 {
		delete(rs.members, me.room)
	}
}

// tell sends e to all in the room but the one who knows it already. The lock is held, so
// that everybody hears the same things in the same order; TryWrite never waits under it.
func (rs *rooms) tell(from member, e event, but *wsecho.Session) {
	here := rs.members[from.room]
	e.From, e.Here = from.name, len(here)
	p, err := json.Marshal(e)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	for s := range here {
		if s == but {
			continue
		}
		if err := s.TryWrite(websocket.MessageText, p); err != nil {
			// One who reads too slowly is cut, so that the room need not wait.
			s.Close(websocket.StatusTryAgainLater, "reading too slowly")
		}
	}
}

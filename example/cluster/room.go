package main

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/coder/websocket"
	"github.com/go-chi/chi/v5"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/hub"
)

// member is what a session's Data holds.
type member struct{ room, guest string }

// join is OnOpen: the room is that of the path, the guest that of the cookie, and since what the client had reached.
func (n *node) join(s *wsecho.Session, r *http.Request) error {
	me := member{room: "room/" + chi.URLParam(r, "room"), guest: guestOf(r)}
	if me.guest == "" {
		return websocket.CloseError{Code: websocket.StatusPolicyViolation, Reason: "open the page first"}
	}
	s.Data = me
	m := n.rooms.Join(s, r.URL.Query().Get("since"), me.room)
	m.Appear(me.room, me.guest, nil)
	m.Watch(me.room)
	return nil
}

// say is OnMessage. A client whose message may not be stored is sent away: it comes back and sends it again, with the
// same id, before it sends anything else.
func (n *node) say(ctx context.Context, s *wsecho.Session, _ websocket.MessageType, p []byte) error {
	var in struct {
		ID   string          `json:"id"`
		Data json.RawMessage `json:"data"`
	}
	if json.Unmarshal(p, &in) != nil || in.ID == "" {
		return websocket.CloseError{Code: websocket.StatusPolicyViolation, Reason: "not a message"}
	}
	me := s.Data.(member)
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := n.rooms.Publish(ctx, hub.Message{Topic: me.room, ID: in.ID, From: me.guest, Data: in.Data}); err != nil {
		return websocket.CloseError{Code: websocket.StatusTryAgainLater, Reason: "not stored"}
	}
	return nil
}

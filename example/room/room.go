// Package room is a chat on a hub.Hub: what a Handler's hooks do. On one machine it needs nothing but the
// zero Hub; example/cluster gives it one whose log several nodes share.
package room

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"
	"github.com/go-chi/chi/v5"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/hub"
)

// Subprotocol is what a room speaks: the Hub's own, with a first frame that says who one is.
const Subprotocol = "rooms.v1"

// longestRoom is how many bytes the name of a room may have, and storeTimeout how long a message may take to be stored.
const longestRoom, storeTimeout = 150, 5 * time.Second

// Rooms is a chat: whoever opens a path whose last part is {room} hears what is said there, by everybody at every node of
// the Hub, and who comes and goes.
type Rooms struct {
	Hub *hub.Hub
}

// member is what a Session's Data holds: set by Join, and never changed.
type member struct {
	topic string
	guest Guest
}

// said is the Data of a message.
type said struct {
	Name string `json:"name"` // of the guest, at that time: it may not be here any more
	Says string `json:"says"`
	Time int64  `json:"time"` // in ms since 1970
}

// Join is the OnOpen of a chat. The query's since is what the client has reached. Who comes for the first time is shown
// the end of what was said before.
func (rs Rooms) Join(s *wsecho.Session, r *http.Request) error {
	room, query := chi.URLParam(r, "room"), r.URL.Query()
	if !utf8.ValidString(room) || len(room) > longestRoom {
		return websocket.CloseError{Code: websocket.StatusPolicyViolation, Reason: "no room has such a name"}
	}
	me := member{topic: "room/" + room, guest: guestOf(query)}
	s.Data = me
	if err := tell(s, map[string]Guest{"you": me.guest}); err != nil {
		return err
	}
	since := query.Get("since")
	if since == "" {
		var err error
		if since, err = rs.beginPast(s, me.topic); err != nil {
			return err
		}
	}
	m := rs.Hub.Join(s, since, me.topic)
	info, err := json.Marshal(map[string]string{"name": me.guest.Name})
	if err != nil {
		return err
	}
	m.Appear(me.topic, me.guest.User, info)
	m.Watch(me.topic)
	return nil
}

// Say is its OnMessage. A client whose message may not be stored is sent away: it comes back and sends it again, with the
// same id, before it sends anything else.
func (rs Rooms) Say(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
	if typ != websocket.MessageText {
		return websocket.CloseError{Code: websocket.StatusUnsupportedData, Reason: "rooms take text"}
	}
	var in struct {
		ID   string  `json:"id"`
		Data *string `json:"data"`
		Past bool    `json:"past"` // it has had a reset
	}
	err := json.Unmarshal(p, &in)
	me := s.Data.(member)
	if err == nil && in.Past {
		return rs.tellPast(ctx, s, me.topic)
	}
	if err != nil || in.ID == "" || len(in.ID) > 128 || in.Data == nil {
		return websocket.CloseError{Code: websocket.StatusInvalidFramePayloadData, Reason: "not a message"}
	}
	data, err := json.Marshal(said{Name: me.guest.Name, Says: *in.Data, Time: time.Now().UnixMilli()})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	err = rs.Hub.Publish(ctx, hub.Message{Topic: me.topic, ID: in.ID, From: me.guest.User, Data: data})
	if errors.Is(err, hub.ErrUnavailable) {
		return websocket.CloseError{Code: websocket.StatusTryAgainLater, Reason: "not stored"}
	}
	return err
}

// tell sends v as JSON.
func tell(s *wsecho.Session, v any) error {
	p, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return s.TryWrite(websocket.MessageText, p)
}

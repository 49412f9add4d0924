package hub_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/coder/websocket"
	"github.com/go-chi/chi/v5"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/hub"
)

var rooms = &hub.Hub{}

type member struct{ room, user string }

var chat = &wsecho.Handler{
	Subprotocols: []string{"rooms.v1"},
	OnOpen: func(s *wsecho.Session, r *http.Request) error {
		me := member{room: "room/" + chi.URLParam(r, "room"), user: r.Header.Get("X-User")} // of the proxy that authenticates
		s.Data = me
		m := rooms.Join(s, r.URL.Query().Get("since"), me.room, "user/"+me.user, "all")
		m.Appear(me.room, me.user, nil)
		m.Watch(me.room)
		return nil
	},
	OnMessage: func(ctx context.Context, s *wsecho.Session, _ websocket.MessageType, p []byte) error {
		var in struct {
			ID   string
			Data json.RawMessage
		}
		if json.Unmarshal(p, &in) != nil {
			return websocket.CloseError{Code: websocket.StatusInvalidFramePayloadData}
		}
		me := s.Data.(member)
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		err := rooms.Publish(ctx, hub.Message{Topic: me.room, ID: in.ID, From: me.user, Data: in.Data})
		if errors.Is(err, hub.ErrUnavailable) {
			return websocket.CloseError{Code: websocket.StatusTryAgainLater, Reason: "not stored"} // the client sends it again
		}
		if err != nil {
			return websocket.CloseError{Code: websocket.StatusPolicyViolation, Reason: "not a message"}
		}
		return nil
	},
}

func main() {
	r := chi.NewRouter()
	r.Handle("/rooms/{room}", chat)
	log.Fatal(http.ListenAndServe("localhost:8080", r))
}

var _ = main // it is in the package comment

// The program at the head of the package comment, with two guests, one of whom goes away and comes back.
func Example() {
	r := chi.NewRouter()
	r.Handle("/rooms/{room}", chat)
	defer rooms.Close()

	ann := connect(r, "/rooms/go", "ann")
	ben := connect(r, "/rooms/go", "ben")
	ben.send(`{"id": "ben.1", "data": "hello"}`)
	fmt.Println(ann.hear())
	ann.close()
	ben.send(`{"id": "ben.2", "data": "are you there?"}`)
	ben.hear()
	ben.send(`{"id": "ben.1", "data": "hello"}`) // sent again, as its fate was unknown: it is the same
	ben.send(`{"id": "ben.3", "data": "ann?"}`)
	ben.hear()
	ben.hear()
	ann = connect(r, "/rooms/go?since="+ann.at, "ann")
	fmt.Println(ann.hear())
	fmt.Println(ann.hear())
	ann.close()
	ben.close()
	// Output:
	// ben in room/go: "hello"
	// ben in room/go: "are you there?"
	// ben in room/go: "ann?"
}

// Package hub hands what is published in a topic to the sessions that are its members, on every node, once and in
// order, also to those that were away for a while: rooms that survive a reconnect, a deploy and a second machine. A
// whole chat:
//
//	package main
//
//	import (
//		"context"
//		"encoding/json"
//		"errors"
//		"log"
//		"net/http"
//		"time"
//
//		"github.com/coder/websocket"
//		"github.com/go-chi/chi/v5"
//
//		"example.com/wsecho/wsecho"
//		"example.com/wsecho/wsecho/hub"
//	)
//
//	var rooms = &hub.Hub{}
//
//	type member struct{ room, user string }
//
//	var chat = &wsecho.Handler{
//		Subprotocols: []string{"rooms.v1"},
//		OnOpen: func(s *wsecho.Session, r *http.Request) error {
//			me := member{room: "room/" + chi.URLParam(r, "room"), user: r.Header.Get("X-User")} // of the proxy that authenticates
//			s.Data = me
//			m := rooms.Join(s, r.URL.Query().Get("since"), me.room, "user/"+me.user, "all")
//			m.Appear(me.room, me.user, nil)
//			m.Watch(me.room)
//			return nil
//		},
//		OnMessage: func(ctx context.Context, s *wsecho.Session, _ websocket.MessageType, p []byte) error {
//			var in struct {
//				ID   string
//				Data json.RawMessage
//			}
//			if json.Unmarshal(p, &in) != nil {
//				return websocket.CloseError{Code: websocket.StatusInvalidFramePayloadData}
//			}
//			me := s.Data.(member)
//			ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
//			defer cancel()
//			err := rooms.Publish(ctx, hub.Message{Topic: me.room, ID: in.ID, From: me.user, Data: in.Data})
//			if errors.Is(err, hub.ErrUnavailable) {
//				return websocket.CloseError{Code: websocket.StatusTryAgainLater, Reason: "not stored"} // the client sends it again
//			}
//			if err != nil {
//				return websocket.CloseError{Code: websocket.StatusPolicyViolation, Reason: "not a message"}
//			}
//			return nil
//		},
//	}
//
//	func main() {
//		r := chi.NewRouter()
//		r.Handle("/rooms/{room}", chat)
//		log.Fatal(http.ListenAndServe("localhost:8080", r))
//	}
//
// A Publish that has returned nil is stored, and everybody who is in the topic gets it, the sender too: that is its
// receipt. [Hub.Publish] is for hooks, HTTP handlers and other services alike; a message for one user on all devices
// is one in a topic of that user's. With several nodes, give each the same [Log]:
//
//	var rooms = &hub.Hub{Log: &natslog.Log{Conn: nc, Name: "chat", Manage: true}}
//
// Nothing else changes.
//
// # What is promised
//
// There is one log, and each node has its end in memory; a session is a reader of that copy. From this follows:
//
//   - Order: a Log has one order over all topics, and all sessions see it.
//   - Once: no session gets a message twice. Who comes back with the place of the last frame that it has dealt with gets
//     nothing at or before that place.
//   - Whole, or told: who comes back to any node within Window, having missed at most MaxReplay messages and MaxBytes, gets
//     all of its topics since. If that cannot be shown it gets one reset and none of what it missed, and reads
//     the state anew from wherever it is kept: a Hub is the memory of the last minutes, not a database. There is no
//     silent gap, after a fault of the log either.
//   - Stored once: the same Topic, From and ID is stored once within Window, wherever and however often it is published.
//   - Slow readers delay nobody: each is served from the node's memory at its own pace, until it falls out of Window or
//     MaxReplay, which is a reset, or of [wsecho.Handler.WriteTimeout].
//   - A sender's order is kept if its hook ends the session when Publish fails, as above, and its client sends again,
//     in order, what it has not seen come back.
//   - Presence is eventual: a change is seen within about a second, an end after Grace, that of a killed node's users
//     10 s later. Presence has no place and is not replayed: who comes back is told all.
//
// Two Hubs have no order between them. The log of one process ends with it: then each client is told a reset.
//
// # The wire
//
// Where Encode is nil, the service speaks the subprotocol rooms.v1, whose frames are JSON in text:
//
//	{"at":"2s-dn4mlwmu4src"}                                              where it is: the first frame, and when nothing came for a while
//	{"at":"…","topic":"room/go","id":"a.1","from":"ann","data":"hello"}   a message; id and from where it has them
//	{"at":"…","reset":true}                                               messages may be missing: read the state anew, go on from at
//	{"topic":"room/go","here":[{"user":"ann",…}],"users":1}               who is there
//	{"topic":"room/go","joined":[…],"left":[…],"users":3}                 who came and went
//	{"topic":"room/go","users":4711}                                      too many to name
//
// at is the session's place: opaque, set once the client has dealt with a frame, and said as since when it comes back,
// which is after 1001, 1006 and 1013, with a delay that grows and differs between clients. It waits for the
// first frame, then sends again what it has not seen come back, and only then anything new. What clients send is the
// service's own. A session that gets nothing for 20 s, or a quarter of Window if that is less, is told its place: a
// browser, which sees no pings, may take silence of twice that for a dead connection.
//
// # Choosing Window
//
// Window is how long a client may be away and miss nothing: longer than a deploy and a walk through a tunnel take, and
// short enough that what comes back is still news. 5 minutes do for most. It costs memory on every node: the
// messages a second of all topics, times Window, times about 300 bytes and their data twice, up to MaxBytes. The 64 MiB
// of MaxBytes are 5 minutes of 400 messages a second at 114 bytes. Where there are more, raise MaxBytes or shorten
// Window: what does not fit is not kept, so that it is MaxBytes which decides. A Log's own window, where it has one, is
// at least as long, or a node that starts has less. The IDs of a Window are remembered too: about 100 bytes each.
//
// MaxReplay is what one return may cost, and how far a slow reader may fall behind. More than a page shows is
// better read from the database.
//
// # Security
//
// Which topics a session is in, and who it is, is the hooks' alone to say: from the URL and the authentication, never
// from what a client claims or remembers. Names that users choose go behind a segment of the service's: "room/" and the
// name. A client that could name "user/42" would be in it.
//
// What a client says as since shows it nothing but its own topics, whatever it says; but it does show what was said
// there in Window before it came. Where the past is not for newcomers, join who was no member then with "". [Member.Add]
// never shows the past. at tells everybody how many messages the whole service has had, as any number in sequence
// does; a service that minds hides it in Encode, and finds it again before Join.
//
// From is the authenticated user, and an ID counts for its From and Topic alone, so that no client can suppress another's
// message by guessing its ID. One client can cost a node MaxReplay messages for each return, and the service's own
// limits for each message: [wsecho.Handler.ReadLimit], and how often it may send. Whoever is put out is put out at
// all nodes by a topic that each has a [Hub.Listen] for.
//
// On NATS the nodes have an account, or rights, of their own: whoever may publish where the nodes listen can forge. See
// package natslog.
//
// # When NATS is away
//
// Sessions stay, Join, Recent and replay go on from memory, and presence shows this node's users. Publish fails at
// once with [ErrUnavailable]: the hook ends the session with 1013, the client comes back after a while and sends again,
// and the ID decides whether it was stored the first time. [Hub.Lag] grows; a node that has lost NATS alone should say
// on its /readyz that it is not ready after 15 s, but not if all have: clients are better off with memory than with
// nothing. When NATS is back the nodes check that its log is the one that they know, and fetch what they missed. If it
// is another, since it was restored or lost its end, each session is told one reset and goes on.
//
// # Ending
//
// Call [wsecho.Handler.Shutdown] first and [Hub.Close] when it has returned: hooks may publish until then. The clients
// come back to other nodes, with their places.
package hub

package hub_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/hub"
)

// room is a service whose clients are in room/go, and say with ?since= where they were.
func room(h *hub.Hub) http.Handler {
	return &wsecho.Handler{
		Subprotocols: []string{"rooms.v1"},
		OnOpen: func(s *wsecho.Session, r *http.Request) error {
			h.Join(s, r.URL.Query().Get("since"), "room/go")
			return nil
		},
	}
}

// The zero value is the hub of a single process.
func ExampleHub() {
	h := &hub.Hub{}
	defer h.Close()
	ann := connect(room(h), "/", "ann")
	defer ann.close()

	err := h.Publish(context.Background(), hub.Message{Topic: "room/go", From: "ben", Data: []byte(`"hello"`)})
	fmt.Println(ann.hear(), err)
	// Output: ben in room/go: "hello" <nil>
}

// A client that comes back with the place of its last frame gets what it missed; one whose place is none any more is
// told so.
func ExampleHub_Join() {
	h := &hub.Hub{}
	defer h.Close()
	service := room(h)
	ann := connect(service, "/", "ann")
	ann.close()

	h.Publish(context.Background(), hub.Message{Topic: "room/go", From: "ben", Data: []byte(`"ann?"`)})
	ann = connect(service, "/?since="+ann.at, "ann")
	fmt.Println(ann.hear())
	ann.close()

	lost := connect(service, "/?since=of-another-log", "ann") // its first frame is a reset
	h.Publish(context.Background(), hub.Message{Topic: "room/go", From: "ben", Data: []byte(`"again"`)})
	fmt.Println(lost.hear())
	lost.close()
	fmt.Println(h.Stats().Resets, "reset")
	// Output:
	// ben in room/go: "ann?"
	// ben in room/go: "again"
	// 1 reset
}

// What an HTTP handler, or another service, does with the errors of Publish.
func ExampleHub_Publish() {
	h := &hub.Hub{}
	defer h.Close()
	publish := func(m hub.Message) int {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		switch err := h.Publish(ctx, m); {
		case err == nil:
			return http.StatusNoContent
		case errors.Is(err, hub.ErrUnavailable):
			return http.StatusServiceUnavailable // it may be stored: again, with the same ID
		case errors.Is(err, hub.ErrTooLarge):
			return http.StatusRequestEntityTooLarge
		case errors.Is(err, hub.ErrTopic):
			return http.StatusNotFound
		default:
			return http.StatusBadRequest
		}
	}
	fmt.Println(publish(hub.Message{Topic: "news", ID: "1", Data: []byte(`{"title": "rooms"}`)}))
	fmt.Println(publish(hub.Message{Topic: "", Data: []byte(`{}`)}))
	fmt.Println(publish(hub.Message{Topic: "news", Data: []byte(`{`)}))
	// Output:
	// 204
	// 404
	// 400
}

// A user who is put out is put out at all nodes.
func ExampleHub_Listen() {
	h := &hub.Hub{}
	defer h.Close()
	out := make(chan string)
	stop := h.Listen("nodes/out", func(m hub.Message) { // at each node, when it starts
		out <- string(m.Data) // a service closes the sessions of this user's that it has
	})
	defer stop()

	h.Publish(context.Background(), hub.Message{Topic: "nodes/out", Data: []byte(`"ben"`)})
	fmt.Println(<-out)
	// Output: "ben"
}

// A page that is rendered by the server begins with what was said last.
func ExampleHub_Recent() {
	h := &hub.Hub{}
	defer h.Close()
	for n := range 5 {
		h.Publish(context.Background(), hub.Message{Topic: "room/go", From: "ann", Data: fmt.Append(nil, n)})
	}
	for _, ev := range h.Recent("room/go", 2) {
		fmt.Printf("%s: %s\n", ev.Message.From, ev.Message.Data)
	}
	// Output:
	// ann: 3
	// ann: 4
}

// Who is in a room, for whoever asks over HTTP.
func ExampleHub_Here() {
	h := &hub.Hub{}
	defer h.Close()
	ann := connect(visible(h), "/", "ann")
	defer ann.close()
	ann.sees()

	all, err := h.Here("room/go")
	for _, p := range all {
		fmt.Println(p.User, p.Sessions)
	}
	fmt.Println(err)
	// Output:
	// ann 1
	// <nil>
}

// A node takes clients once it has all, and says so.
func ExampleHub_Ready() {
	h := &hub.Hub{}
	defer h.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	fmt.Println(h.Ready(ctx))
	// Output: <nil>
}

// A readiness probe: a node that has lost the log for long is no good to new clients while others have it.
func ExampleHub_Lag() {
	h := &hub.Hub{}
	defer h.Close()
	ready := func() int {
		if h.Lag() > 15*time.Second {
			return http.StatusServiceUnavailable
		}
		return http.StatusOK
	}
	fmt.Println(ready())
	// Output: 200
}

// What a metrics endpoint has to tell.
func ExampleHub_Stats() {
	h := &hub.Hub{}
	defer h.Close()
	ann := connect(room(h), "/", "ann")
	defer ann.close()
	h.Publish(context.Background(), hub.Message{Topic: "room/go", Data: []byte(`1`)})
	ann.hear()

	var st hub.Stats = h.Stats()
	fmt.Println(st.Members, "member,", st.Topics, "topic,", st.Published, "published")
	// Output: 1 member, 1 topic, 1 published
}

// At the end of a process: first the sessions, then the Hub.
func ExampleHub_Close() {
	h := &hub.Hub{}
	service := &wsecho.Handler{}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	fmt.Println(errors.Join(service.Shutdown(ctx), h.Close()))
	// Output: <nil>
}

// A service with a wire format of its own says what an Event is in it.
func ExampleEvent() {
	encode := func(ev hub.Event) (websocket.MessageType, []byte) {
		switch {
		case ev.Here != nil:
			return websocket.MessageText, fmt.Appendf(nil, "%d in %s", ev.Here.Users, ev.Here.Topic)
		case ev.Reset:
			return websocket.MessageText, fmt.Appendf(nil, "%s reload", ev.At)
		case ev.Message != nil:
			return websocket.MessageText, fmt.Appendf(nil, "%s %s %s", ev.At, ev.Message.From, ev.Message.Data)
		default:
			return websocket.MessageText, []byte(ev.At)
		}
	}
	h := &hub.Hub{Encode: encode}
	defer h.Close()
	at := hub.Position{Seq: 35, Stamp: 36}.String()
	_, p := h.Encode(hub.Event{At: at, Message: &hub.Message{From: "ann", Data: []byte("hello")}})
	fmt.Printf("%s\n", p)
	_, p = h.Encode(hub.Event{Here: &hub.Here{Topic: "room/go", Users: 3, All: []hub.Presence{}}})
	fmt.Printf("%s\n", p)
	// Output:
	// z-10 ann hello
	// 3 in room/go
}

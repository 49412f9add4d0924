package hub_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/hub"
)

// visible is a service whose clients are in room/go, appear there and watch it.
func visible(h *hub.Hub) http.Handler {
	return &wsecho.Handler{
		Subprotocols: []string{"rooms.v1"},
		OnOpen: func(s *wsecho.Session, r *http.Request) error {
			m := h.Join(s, r.URL.Query().Get("since"), "room/go")
			m.Appear("room/go", r.Header.Get("X-User"), nil)
			m.Watch("room/go")
			return nil
		},
	}
}

// joined returns a client in room/go and its Member.
func joined(h *hub.Hub) (*guest, *hub.Member) {
	members := make(chan *hub.Member, 1)
	g := connect(&wsecho.Handler{
		Subprotocols: []string{"rooms.v1"},
		OnOpen: func(s *wsecho.Session, r *http.Request) error {
			members <- h.Join(s, "", "room/go")
			return nil
		},
	}, "/", "ann")
	return g, <-members
}

// A topic that is added begins now.
func ExampleMember_Add() {
	h := &hub.Hub{}
	defer h.Close()
	ann, m := joined(h)
	defer ann.close()

	h.Publish(context.Background(), hub.Message{Topic: "news", Data: []byte(`1`)})
	m.Add("news")
	h.Publish(context.Background(), hub.Message{Topic: "news", Data: []byte(`2`)})
	fmt.Println(ann.hear())
	// Output: news: 2
}

// A topic that is removed ends now.
func ExampleMember_Remove() {
	h := &hub.Hub{}
	defer h.Close()
	ann, m := joined(h)
	defer ann.close()

	m.Add("news")
	m.Remove("room/go")
	h.Publish(context.Background(), hub.Message{Topic: "room/go", Data: []byte(`1`)})
	h.Publish(context.Background(), hub.Message{Topic: "news", Data: []byte(`2`)})
	fmt.Println(ann.hear())
	// Output: news: 2
}

// A session may leave the hub, and live on.
func ExampleMember_Leave() {
	h := &hub.Hub{}
	defer h.Close()
	ann, m := joined(h)
	defer ann.close()

	m.Leave()
	fmt.Println(h.Stats().Members)
	// Output: 0
}

// Who appears is seen by name, with what the service wants to show of him.
func ExampleMember_Appear() {
	h := &hub.Hub{}
	defer h.Close()
	ann, m := joined(h)
	defer ann.close()

	m.Appear("room/go", "ann", json.RawMessage(`{"name": "Ann"}`))
	all, _ := h.Here("room/go")
	fmt.Printf("%s %s\n", all[0].User, all[0].Info)
	// Output: ann {"name": "Ann"}
}

// Who watches is told first all, then who comes and goes.
func ExampleMember_Watch() {
	h := &hub.Hub{}
	defer h.Close()
	service := visible(h)
	ann := connect(service, "/", "ann")
	defer ann.close()
	fmt.Println(ann.sees())
	ben := connect(service, "/", "ben")
	defer ben.close()
	fmt.Println(ann.sees())
	// Output:
	// 1 here: ann
	// 2 here: +ben
}

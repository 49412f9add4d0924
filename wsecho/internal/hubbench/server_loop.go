package main

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"sync"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
)

// serveLoop is what one writes without a hub: the sessions of each room in a map, and a lock around the loop. It keeps
// nothing, has one process and ends who reads slowly; but it encodes a message once, as a hub does.
func serveLoop(ln net.Listener, _ string) error {
	return http.Serve(ln, loop(func(s *wsecho.Session, m *wsecho.Prepared) { s.TryWritePrepared(m) })) // who misses one ends the run
}

// loop is the service of serveLoop; send sends a message to a member.
func loop(send func(*wsecho.Session, *wsecho.Prepared)) *wsecho.Handler {
	var mu sync.Mutex
	sessions := map[string]map[*wsecho.Session]struct{}{} // by room
	number := 0
	return &wsecho.Handler{
		Subprotocols: []string{rooms.subprotocol},
		PingInterval: -1,
		OnOpen: func(s *wsecho.Session, r *http.Request) error {
			mine := r.URL.Query()["room"]
			s.Data = mine
			mu.Lock()
			defer mu.Unlock()
			for _, room := range mine {
				if sessions[room] == nil {
					sessions[room] = map[*wsecho.Session]struct{}{}
				}
				sessions[room][s] = struct{}{}
			}
			return s.TryWrite(websocket.MessageText, []byte("{}"))
		},
		OnMessage: func(_ context.Context, _ *wsecho.Session, typ websocket.MessageType, p []byte) error {
			var in said
			if err := json.Unmarshal(p, &in); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			number++
			out, err := json.Marshal(struct {
				At    int             `json:"at"`
				Topic string          `json:"topic"`
				ID    string          `json:"id"`
				From  string          `json:"from"`
				Data  json.RawMessage `json:"data"`
			}{number, in.Room, in.ID, "u1", in.Data})
			if err != nil {
				return err
			}
			m := wsecho.Prepare(typ, out)
			for s := range sessions[in.Room] {
				send(s, m)
			}
			return nil
		},
		OnClose: func(_ context.Context, s *wsecho.Session, _ error) {
			mine, _ := s.Data.([]string)
			mu.Lock()
			defer mu.Unlock()
			for _, room := range mine {
				if delete(sessions[room], s); len(sessions[room]) == 0 {
					delete(sessions, room)
				}
			}
		},
	}
}

package main

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/hub"
	"example.com/wsecho/wsecho/hub/natslog"
)

// said is what a member of a room sends.
type said struct {
	Room string          `json:"room"`
	ID   string          `json:"id"`
	Data json.RawMessage `json:"data"`
}

// serveHub is the program of package hub's page, on natslog where there is a NATS.
func serveHub(ln net.Listener, natsURL string) error {
	h := &hub.Hub{}
	if natsURL != "" {
		nc, err := natslog.Connect(natsURL)
		if err != nil {
			return err
		}
		log := &natslog.Log{Conn: nc, Name: "bench", Manage: true}
		h.Log, h.Registry = log, log.Registry()
	}
	ready, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := h.Ready(ready); err != nil {
		return err
	}
	return http.Serve(ln, &wsecho.Handler{
		Subprotocols: []string{rooms.subprotocol},
		PingInterval: -1,
		OnOpen: func(s *wsecho.Session, r *http.Request) error {
			h.Join(s, "", r.URL.Query()["room"]...)
			return nil
		},
		OnMessage: func(ctx context.Context, s *wsecho.Session, _ websocket.MessageType, p []byte) error {
			var in said
			if err := json.Unmarshal(p, &in); err != nil {
				return err
			}
			return h.Publish(ctx, hub.Message{Topic: in.Room, ID: in.ID, From: "u1", Data: in.Data})
		},
	})
}

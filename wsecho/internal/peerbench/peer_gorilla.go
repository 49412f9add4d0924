package main

import (
	"net"
	"net/http"
	"sync"

	"github.com/gorilla/websocket"
)

// serveGorilla is gorilla's echo example: the default upgrader, then ReadMessage and WriteMessage. The fan-out prepares
// the message once, as its documentation advises, and locks each connection, which allows one writer at a time.
func serveGorilla(ln net.Listener, m mode) error {
	type session struct {
		*websocket.Conn
		writing sync.Mutex
	}
	var sessions room[*session]
	upgrader := websocket.Upgrader{Subprotocols: []string{subprotocol}, EnableCompression: m.deflate}
	return http.Serve(ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		s := &session{Conn: c}
		if m.fanOut {
			sessions.join(s)
			defer sessions.leave(s)
		}
		for {
			typ, p, err := c.ReadMessage()
			if err != nil {
				return
			}
			if m.fanOut && typ == websocket.TextMessage {
				prepared, err := websocket.NewPreparedMessage(typ, p)
				if err != nil {
					return
				}
				sessions.each(func(s *session) {
					s.writing.Lock()
					defer s.writing.Unlock()
					s.WritePreparedMessage(prepared)
				})
				continue
			}
			if m.fanOut {
				s.writing.Lock() // a client that has its echo may have had a message fanned out before this returns
			}
			err = c.WriteMessage(typ, p)
			if m.fanOut {
				s.writing.Unlock()
			}
			if err != nil {
				return
			}
		}
	}))
}

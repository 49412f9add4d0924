package main

import (
	"net"
	"net/http"

	"github.com/olahol/melody"
)

// serveMelody is the chat example of melody's README, answering the sender alone unless it fans out.
func serveMelody(ln net.Listener, fanOut bool) error {
	m := melody.New()
	m.Upgrader.Subprotocols = []string{subprotocol}
	m.Config.MaxMessageSize = 2 << 20 // the default is 512 bytes
	m.HandleMessageBinary(func(s *melody.Session, p []byte) { s.WriteBinary(p) })
	if fanOut {
		m.HandleMessage(func(_ *melody.Session, p []byte) { m.Broadcast(p) })
	} else {
		m.HandleMessage(func(s *melody.Session, p []byte) { s.Write(p) })
	}
	return http.Serve(ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.HandleRequest(w, r)
	}))
}

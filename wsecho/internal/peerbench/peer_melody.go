package main

import (
	"net"
	"net/http"

	"github.com/olahol/melody"
)

// serveMelody is the chat example of melody's README, answering the sender alone unless it fans out.
func serveMelody(ln net.Listener, m mode) error {
	all := melody.New()
	all.Upgrader.EnableCompression = m.deflate
	all.Upgrader.Subprotocols = []string{subprotocol}
	all.Config.MaxMessageSize = 2 << 20 // the default is 512 bytes
	all.HandleMessageBinary(func(s *melody.Session, p []byte) { s.WriteBinary(p) })
	if m.fanOut {
		all.HandleMessage(func(_ *melody.Session, p []byte) { all.Broadcast(p) })
	} else {
		all.HandleMessage(func(s *melody.Session, p []byte) { s.Write(p) })
	}
	return http.Serve(ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		all.HandleRequest(w, r)
	}))
}

package main

import (
	"net"
	"net/http"

	"github.com/lxzan/gws"
)

// serveGws is the server of gws's README with its parallel mode off, and compression but where the mode has it; the read loop runs outside the http handler, as
// it advises. The fan-out uses its Broadcaster.
func serveGws(ln net.Listener, m mode) error {
	upgrader := gws.NewUpgrader(&gwsHandler{fanOut: m.fanOut}, &gws.ServerOption{
		SubProtocols:      []string{subprotocol},
		PermessageDeflate: gws.PermessageDeflate{Enabled: m.deflate}, // of messages from 512 bytes on
	})
	return http.Serve(ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := upgrader.Upgrade(w, r)
		if err != nil {
			return
		}
		go c.ReadLoop()
	}))
}

type gwsHandler struct {
	gws.BuiltinEventHandler
	fanOut   bool
	sessions room[*gws.Conn]
}

func (h *gwsHandler) OnOpen(c *gws.Conn) {
	if h.fanOut {
		h.sessions.join(c)
	}
}

func (h *gwsHandler) OnClose(c *gws.Conn, _ error) {
	if h.fanOut {
		h.sessions.leave(c)
	}
}

func (h *gwsHandler) OnMessage(c *gws.Conn, m *gws.Message) {
	defer m.Close()
	if !h.fanOut || m.Opcode != gws.OpcodeText {
		c.WriteMessage(m.Opcode, m.Bytes())
		return
	}
	b := gws.NewBroadcaster(m.Opcode, m.Bytes())
	defer b.Close()
	h.sessions.each(func(c *gws.Conn) { b.Broadcast(c) })
}

package main

import (
	"net"
	"net/http"

	"github.com/lesismal/nbio/logging"
	"github.com/lesismal/nbio/nbhttp"
	"github.com/lesismal/nbio/nbhttp/websocket"
)

// serveNbio is nbio's own server in its default mode: an event loop, no goroutine for a connection that is idle.
func serveNbio(ln net.Listener, m mode) error {
	logging.SetLevel(logging.LevelError)
	var sessions room[*websocket.Conn]
	upgrader := websocket.NewUpgrader()
	upgrader.Subprotocols = []string{subprotocol}
	upgrader.EnableCompression(m.deflate)
	if m.fanOut {
		upgrader.OnOpen(sessions.join)
		upgrader.OnClose(func(c *websocket.Conn, _ error) { sessions.leave(c) })
	}
	upgrader.OnMessage(func(c *websocket.Conn, typ websocket.MessageType, p []byte) {
		if m.fanOut && typ == websocket.TextMessage {
			sessions.each(func(c *websocket.Conn) { c.WriteMessage(typ, p) })
			return
		}
		c.WriteMessage(typ, p)
	})
	engine := nbhttp.NewEngine(nbhttp.Config{
		Network:                 "tcp",
		Addrs:                   []string{ln.Addr().String()},
		Listen:                  func(string, string) (net.Listener, error) { return ln, nil },
		ReleaseWebsocketPayload: true,
		// By default it breaks an echo into frames of 32 KiB; here each is one frame, as it is from the others.
		MaxWebsocketFramePayloadSize: 2 << 20,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			upgrader.Upgrade(w, r, nil)
		}),
	})
	if err := engine.Start(); err != nil {
		return err
	}
	select {} // the engine serves in goroutines of its own
}

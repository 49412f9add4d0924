package main

import (
	"context"
	"net"
	"net/http"

	"github.com/coder/websocket"

	"example.com/wsecho/middleware"
	_ "example.com/wsecho/middleware/xconnect"
	"example.com/wsecho/wsecho"
)

// serveWsecho is wsecho as its own README mounts it: the default hook echoes, the limits leave room for the largest message.
func serveWsecho(ln net.Listener, m mode) error {
	h := &wsecho.Handler{ReadLimit: 2 << 20, WriteLimit: 4 << 20}
	if m.deflate {
		h.Compression = websocket.CompressionNoContextTakeover
	}
	if m.fanOut {
		h.OnMessage = func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
			if typ != websocket.MessageText {
				return wsecho.Echo(ctx, s, typ, p)
			}
			m := wsecho.Prepare(typ, p)
			for s := range h.Sessions() {
				s.TryWritePrepared(m) // a listener that misses one ends the run
			}
			return nil
		}
	}
	if _, cleartext := ln.(*net.TCPListener); cleartext {
		return http.Serve(ln, h)
	}
	return http.Serve(ln, middleware.ExtendedConnect(h)) // over HTTP/2 too
}

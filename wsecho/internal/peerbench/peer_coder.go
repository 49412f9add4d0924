package main

import (
	"context"
	"net"
	"net/http"

	"github.com/coder/websocket"
)

// serveCoder is the loop of coder's README: Accept, then Read and Write. The context is the one that costs
// nothing: a cancellable one adds 13 allocations a message.
func serveCoder(ln net.Listener, m mode) error {
	var sessions room[*websocket.Conn]
	options := &websocket.AcceptOptions{Subprotocols: []string{subprotocol}}
	if m.deflate {
		options.CompressionMode = websocket.CompressionNoContextTakeover // of messages from 512 bytes on
	}
	return http.Serve(ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, options)
		if err != nil {
			return
		}
		defer c.CloseNow()
		c.SetReadLimit(2 << 20) // the default is 32 KiB
		ctx := context.Background()
		if m.fanOut {
			sessions.join(c)
			defer sessions.leave(c)
		}
		for {
			typ, p, err := c.Read(ctx)
			if err != nil {
				return
			}
			if m.fanOut && typ == websocket.MessageText {
				sessions.each(func(c *websocket.Conn) { c.Write(ctx, typ, p) })
				continue
			}
			if err := c.Write(ctx, typ, p); err != nil {
				return
			}
		}
	}))
}

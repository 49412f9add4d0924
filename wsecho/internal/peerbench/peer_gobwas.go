package main

import (
	"io"
	"net"

	"github.com/gobwas/ws"
)

// serveGobwas is the lower-level example of gobwas's README, without net/http: it upgrades the accepted connection itself,
// and a goroutine reads and writes frames straight from and to the socket. The fan-out compiles the frame once.
func serveGobwas(ln net.Listener, m mode) error {
	var sessions room[net.Conn]
	upgrader := ws.Upgrader{Protocol: func(p []byte) bool { return string(p) == subprotocol }}
	for {
		c, err := ln.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			if _, err := upgrader.Upgrade(c); err != nil {
				return
			}
			if m.fanOut {
				sessions.join(c)
				defer sessions.leave(c)
			}
			for {
				h, err := ws.ReadHeader(c)
				if err != nil {
					return
				}
				p := make([]byte, h.Length)
				if _, err := io.ReadFull(c, p); err != nil {
					return
				}
				if h.Masked {
					ws.Cipher(p, h.Mask, 0)
				}
				if m.fanOut && h.OpCode == ws.OpText {
					frame, err := ws.CompileFrame(ws.NewFrame(h.OpCode, h.Fin, p))
					if err != nil {
						return
					}
					sessions.each(func(c net.Conn) { c.Write(frame) })
					continue
				}
				h.Masked = false
				if err := ws.WriteHeader(c, h); err != nil {
					return
				}
				if _, err := c.Write(p); err != nil {
					return
				}
				if h.OpCode == ws.OpClose {
					return
				}
			}
		}()
	}
}

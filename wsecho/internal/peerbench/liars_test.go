package main

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// A liar is a server that does one thing wrong, late enough to pass for an honest one at first.
type liar struct {
	peer
	column string
	says   string // of the error that ends the run
}

const late = 5 // messages

var liars = []liar{
	{lying("flips", func(c *websocket.Conn, typ, i int, p []byte) error {
		if i == late {
			p[len(p)-1] ^= 1
		}
		return c.WriteMessage(typ, p)
	}), "ping-pong", "wrong echo: byte 65 of 66"},
	{lying("swallows", func(c *websocket.Conn, typ, i int, p []byte) error {
		if i == late {
			return nil
		}
		return c.WriteMessage(typ, p)
	}), "ping-pong", "missing echo"},
	{lying("doubles", func(c *websocket.Conn, typ, i int, p []byte) error {
		if i == late {
			c.WriteMessage(typ, p)
		}
		return c.WriteMessage(typ, p)
	}), "text", "wrong echo"},
	{lying("retypes", func(c *websocket.Conn, typ, i int, p []byte) error {
		if i == late {
			typ = websocket.BinaryMessage
		}
		return c.WriteMessage(typ, p)
	}), "text", "is 0x82, not 0x81"},
	{lying("cuts", func(c *websocket.Conn, typ, i int, p []byte) error {
		if i == late {
			p = p[:len(p)-1]
		}
		return c.WriteMessage(typ, p)
	}), "64k", "wrong echo: byte 1"},
	{lying("hangs-up", func(c *websocket.Conn, typ, i int, p []byte) error {
		if i == late {
			return io.EOF
		}
		return c.WriteMessage(typ, p)
	}), "1m", "connection lost"},
	{lying("keeps-to-itself", func(c *websocket.Conn, typ, i int, p []byte) error {
		return c.WriteMessage(typ, p) // the other sessions get nothing
	}), "fan-out", "missing echo"},
	{lying("sends-it-plain", func(c *websocket.Conn, typ, i int, p []byte) error {
		c.EnableWriteCompression(false) // which it has agreed to
		return c.WriteMessage(typ, p)
	}), "fan-out-deflate", "not compressed"},
	{lying("miscloses", func(c *websocket.Conn, typ, i int, p []byte) error {
		return c.WriteMessage(typ, p)
	}), "handshake", "close frame: wrong echo"},
}

// lying answers message i of each connection, counted from 1, with what reply writes, and every close frame with code 1001.
func lying(name string, reply func(c *websocket.Conn, typ, i int, p []byte) error) peer {
	return peer{name, goroutines, func(ln net.Listener, m mode) error {
		upgrader := websocket.Upgrader{Subprotocols: []string{subprotocol}, EnableCompression: m.deflate}
		return http.Serve(ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c, err := upgrader.Upgrade(w, r, nil)
			if err != nil {
				return
			}
			defer c.Close()
			c.SetCloseHandler(func(int, string) error {
				return c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1001, ""), time.Now().Add(time.Second))
			})
			for i := 1; ; i++ {
				typ, p, err := c.ReadMessage()
				if err != nil || reply(c, typ, i, p) != nil {
					return
				}
			}
		}))
	}, true}
}

func TestLiarsEndTheRun(t *testing.T) {
	for _, l := range liars {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			p := tiny()
			p.span, p.patience = 5*time.Second, 5*time.Second // but few come to their end
			p.peers = []peer{l.peer}
			var err error
			if p.columns, err = choose(p.columns, l.column, column.id); err != nil {
				t.Fatal(err)
			}
			_, err = p.run(io.Discard)
			if err == nil || !strings.Contains(err.Error(), l.says) || !strings.Contains(err.Error(), l.name) {
				t.Errorf("got %v, want %q", err, l.says)
			}
		})
	}
}

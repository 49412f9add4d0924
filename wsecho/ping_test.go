package wsecho_test

import (
	"context"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
)

// A ping that waited behind other bytes gives the peer PongTimeout from when it left, not less.
func TestPingThatWaited(t *testing.T) {
	h := &wsecho.Handler{PingInterval: 10 * time.Second, PongTimeout: time.Second, WriteTimeout: 20 * time.Second}
	bubble(t, h, func(t *testing.T, b *sessiontest.Both) {
		b.Peer.Mute = true
		b.Session.TryWrite(websocket.MessageBinary, make([]byte, 100_000))
		time.Sleep(11900 * time.Millisecond) // pinged at 10 s, unclear at 11 s
		b.Peer.Next()
		if m := b.Peer.Next(); m != "ping:" {
			t.Fatal(m)
		}
		time.Sleep(500 * time.Millisecond)          // half of PongTimeout
		b.Peer.Send([]byte{0x8a, 0x80, 1, 2, 3, 4}) // the pong
		go b.Peer.Rest()
		time.Sleep(2 * time.Second)
		if len(b.Ended) > 0 {
			t.Errorf("ended: %v", <-b.Ended)
		}
	})
}

// So does one that waited while others joined it: a megabyte at 20 KB/s, and the defaults.
func TestPingsThatWaited(t *testing.T) {
	bubble(t, &wsecho.Handler{}, func(t *testing.T, b *sessiontest.Both) {
		b.Session.TryWrite(websocket.MessageBinary, make([]byte, 1<<20-10))
		slow := &slowConn{Conn: b.Peer.Conn, pause: 209 * time.Millisecond}
		p := peer.New(slow)
		p.Mute, p.Timeout = true, time.Hour
		p.Next()
		slow.pause = 0
		for range 2 { // of 25 s and of 50 s
			if m := p.Next(); m != "ping:" {
				t.Fatal(m)
			}
		}
		time.Sleep(4 * time.Second) // less than PongTimeout
		p.Send(peer.Pong(""))
		time.Sleep(10 * time.Second)
		if err := context.Cause(b.Session.Context()); err != nil {
			t.Error(err)
		}
	})
}

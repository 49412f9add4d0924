package faulttest

import (
	"context"
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	toxic "github.com/Shopify/toxiproxy/v2/client"
	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
)

// Pings overtake the round trip: several are on their way at once.
func TestLatency(t *testing.T) {
	t.Parallel()
	s := serve(t, &wsecho.Handler{PingInterval: 200 * time.Millisecond, PongTimeout: 8 * time.Second})
	n := networkTo(t, s)
	n.add("latency", up, toxic.Attributes{"latency": 400})
	n.add("latency", down, toxic.Attributes{"latency": 400})
	c := dial(t, n.addr, "far")
	c.Send(peer.Join(peer.Text("one"), peer.Text("two"), peer.Text("three")))
	c.gets(t, "text:one", "text:two", "text:three")
	c.pinged(t, 10)
	c.Send(peer.Close(1000, "done"))
	c.closes(t, "close:1000")
	s.endsWith(t, "far", websocket.CloseError{Code: 1000, Reason: "done"})
}

// A network slower than PongTimeout allows is as good as none; the peer is told all the same.
func TestLatencyBeyondPongTimeout(t *testing.T) {
	t.Parallel()
	s := serve(t, &wsecho.Handler{PingInterval: 200 * time.Millisecond, PongTimeout: 300 * time.Millisecond, CloseTimeout: time.Second})
	n := networkTo(t, s)
	c := dial(t, n.addr, "moon")
	n.add("latency", up, toxic.Attributes{"latency": 20_000}) // once pongs come, they come all the time
	c.closes(t, "close:1011")
	s.endsWith(t, "moon", wsecho.ErrPongTimeout)
}

// The peer's pongs wait for seconds behind the message that it sends at 1 KB/s: it is busy, not dead.
func TestBandwidthUp(t *testing.T) {
	t.Parallel()
	s := serve(t, &wsecho.Handler{PingInterval: 200 * time.Millisecond, PongTimeout: 3 * time.Second})
	n := networkTo(t, s)
	c := dial(t, n.addr, "modem")
	n.add("bandwidth", up, toxic.Attributes{"rate": 1})
	before := c.pings.Load()
	long := strings.Repeat("slow", 1750)
	c.Send(peer.Text(long))
	c.gets(t, "text:len 7000")
	if pings := c.pings.Load() - before; pings < 16 { // more than PongTimeout
		t.Errorf("%d pings came meanwhile: the message was not slow enough to prove anything", pings)
	}
	c.echoes(t, "still here")
}

// A peer that takes 1 KB/s of a flood is cut when it has taken nothing for WriteTimeout; TryWrite never
// waits for it, and nobody else notices.
func TestBandwidthDown(t *testing.T) {
	t.Parallel()
	flooded := make(chan error, 1)
	s := serve(t, &wsecho.Handler{
		PingInterval: 200 * time.Millisecond, PongTimeout: 5 * time.Second, WriteTimeout: 3 * time.Second,
		OnMessage: func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
			if string(p) != "flood" {
				return wsecho.Echo(ctx, s, typ, p)
			}
			s.Go(func(context.Context) error {
				for p := make([]byte, 64<<10); ; {
					if err := s.TryWrite(websocket.MessageBinary, p); err != nil {
						flooded <- err
						return nil
					}
				}
			})
			return nil
		},
	})
	n := networkTo(t, s)
	slow, other := dial(t, n.addr, "slow"), dial(t, s.addr, "other")
	n.add("bandwidth", down, toxic.Attributes{"rate": 1})
	slow.Send(peer.Text("flood"))
	if err := <-flooded; !errors.Is(err, wsecho.ErrWriteLimit) {
		t.Errorf("TryWrite: %v, want ErrWriteLimit", err)
	}
	other.echoes(t, "while it is stuck")
	s.endsWith(t, "slow", wsecho.ErrWriteTimeout)
	other.echoes(t, "after it is gone")
}

// Every frame comes in pieces of one byte, both ways.
func TestSlicer(t *testing.T) {
	t.Parallel()
	s := serve(t, &wsecho.Handler{
		PingInterval: 50 * time.Millisecond,
		Compression:  websocket.CompressionContextTakeover,
	})
	n := networkTo(t, s)
	for _, direction := range []string{up, down} {
		n.add("slicer", direction, toxic.Attributes{"average_size": 1, "size_variation": 0, "delay": 0})
	}
	c := dial(t, n.addr, "crumbs")
	c.echoes(t, "héllo, 世界 🌏")
	c.Send(peer.Join(
		peer.Fragment(peer.OpText, "a message \xe4"), // within a character
		peer.Ping("between"),
		peer.Fragment(peer.OpContinuation, "\xb8\x96 in "),
		peer.Fragment(peer.Fin|peer.OpContinuation, "three pieces"),
	))
	c.gets(t, "pong:between", "text:a message 世 in three pieces")
	c.Send(peer.Binary(make([]byte, 1000)))
	c.gets(t, "binary:len 1000")
	c.pinged(t, 3)
	c.Send(peer.Close(4000, "bye"))
	c.closes(t, "close:4000")
	s.endsWith(t, "crumbs", websocket.CloseError{Code: 4000, Reason: "bye"})

	z := dial(t, n.addr, "squeezed", "Sec-WebSocket-Extensions: permessage-deflate")
	z.Send(peer.Compressed(peer.OpText, []byte(strings.Repeat("squeeze ", 20))))
	z.gets(t, "text:"+strings.Repeat("squeeze ", 20))
}

// The network swallows what the client sends, and says nothing.
func TestBlackHole(t *testing.T) {
	t.Parallel()
	s := serve(t, &wsecho.Handler{PingInterval: 200 * time.Millisecond, PongTimeout: 3 * time.Second})
	n := networkTo(t, s)
	gone, other := dial(t, n.addr, "gone"), dial(t, s.addr, "other")
	gone.echoes(t, "before")
	n.add("timeout", up, toxic.Attributes{"timeout": 0})
	gone.Send(peer.Text("into the void"))
	gone.closes(t, "close:1011") // this direction works
	s.endsWith(t, "gone", wsecho.ErrPongTimeout)
	other.echoes(t, "after")
}

// A middlebox gives the connection up.
func TestConnectionTimeout(t *testing.T) {
	t.Parallel()
	s := serve(t, &wsecho.Handler{})
	n := networkTo(t, s)
	c := dial(t, n.addr, "dropped")
	c.echoes(t, "before")
	n.add("timeout", up, toxic.Attributes{"timeout": 100})
	s.endsWith(t, "dropped", io.EOF)
	c.gets(t, "eof")
}

// The connection is reset when half of a frame has arrived.
func TestResetInMidFrame(t *testing.T) {
	t.Parallel()
	s := serve(t, &wsecho.Handler{})
	n := networkTo(t, s)
	// A connection that this toxic may reset later is marked as it opens.
	if _, err := n.proxy.AddToxic("reset", "reset_peer", up, 0, nil); err != nil {
		t.Fatal(err)
	}
	c, other := dial(t, n.addr, "torn"), dial(t, s.addr, "other")
	c.echoes(t, "before")
	frame := peer.Binary(make([]byte, 100_000))
	c.Send(peer.Join(peer.Text("ahead"), frame[:50_000]))
	c.gets(t, "text:ahead") // so the start of the frame has arrived too, or is about to
	if _, err := n.proxy.UpdateToxic("reset", 1, nil); err != nil {
		t.Fatal(err)
	}
	c.Send(frame[50_000:60_000])
	s.endsWith(t, "torn", syscall.ECONNRESET)
	s.counts(t, "lost")
	other.echoes(t, "after")
}

// The client says that it will send no more. What it asked before is answered.
func TestHalfClosed(t *testing.T) {
	t.Parallel()
	s := serve(t, &wsecho.Handler{})
	c := dial(t, s.addr, "half")
	const n = 500
	for range n {
		c.Send(peer.Text("asked"))
	}
	c.CloseWrite()
	for range n {
		c.gets(t, "text:asked")
	}
	c.gets(t, "eof")
	s.endsWith(t, "half", io.EOF)
}

// The client is gone, and the network keeps that to itself.
func TestHalfOpen(t *testing.T) {
	t.Parallel()
	s := serve(t, &wsecho.Handler{PingInterval: 200 * time.Millisecond, PongTimeout: 3 * time.Second, CloseTimeout: time.Second})
	n := networkTo(t, s)
	n.add("slow_close", up, toxic.Attributes{"delay": 60_000})
	c := dial(t, n.addr, "ghost")
	c.echoes(t, "before")
	c.Close()
	s.endsWith(t, "ghost", wsecho.ErrPongTimeout)
}

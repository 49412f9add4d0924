package http2test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// talk has a peer's echo come back, past pings.
func talk(t *testing.T, p *peer.Peer, s string) {
	t.Helper()
	p.Send(peer.Text(s))
	for {
		switch m := p.Next(); m {
		case "ping:":
		case "text:" + s:
			return
		default:
			t.Fatalf("the peer saw %q, want the echo of %q", m, s)
		}
	}
}

// A peer reads nothing: its queue fills, TryWrite refuses, Write waits and can be given up, and after
// WriteTimeout the session ends. A stream on the same connection notices nothing.
func TestPeerReadsNothing(t *testing.T) {
	t.Parallel()
	opened, ended := make(chan *wsecho.Session, 2), make(chan error, 2)
	h := &wsecho.Handler{
		Logger: new(sessiontest.Log).Logger(), WriteLimit: 256 << 10, WriteTimeout: 5 * time.Second, PingInterval: -1,
		OnMessage: func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
			if string(p) == "who" {
				opened <- s
			}
			return wsecho.Echo(ctx, s, typ, p)
		},
		OnClose: func(_ context.Context, _ *wsecho.Session, err error) { ended <- err },
	}
	s := serve(t, h, false)
	t.Cleanup(func() { h.Close() })
	mute, other := s.open(t), s.open(t)
	talk(t, mute, "who")
	victim := <-opened
	const window = 4 << 20 // of a stream, with this client
	for n := 0; ; {
		err := victim.TryWrite(websocket.MessageBinary, make([]byte, 64<<10))
		if err == nil {
			n += 64 << 10
		} else if !errors.Is(err, wsecho.ErrWriteLimit) {
			t.Fatal(err)
		} else if n > window {
			break
		}
		talk(t, other, "untouched")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	for victim.Write(ctx, websocket.MessageBinary, make([]byte, 64<<10)) == nil { // until it waits
	}
	if victim.Context().Err() != nil {
		t.Errorf("a Write that was given up ended the session: %v", context.Cause(victim.Context()))
	}
	if err := victim.Write(t.Context(), websocket.MessageBinary, make([]byte, 256<<10)); !errors.Is(err, wsecho.ErrWriteTimeout) {
		t.Errorf("Write: %v", err)
	}
	if err := <-ended; !errors.Is(err, wsecho.ErrWriteTimeout) {
		t.Errorf("OnClose: %v", err)
	}
	await.Poll(t, "its ServeHTTP has returned", func() bool { return s.watch.serving.Load() == 1 })
	talk(t, other, "still untouched")
}

// A close that the peer never reads ends by CloseTimeout, and nobody waits for the peer any longer.
func TestCloseUnread(t *testing.T) {
	for _, over := range transports {
		t.Run(over.Name, func(t *testing.T) {
			t.Parallel()
			b := sessiontest.Start(t, over, &wsecho.Handler{CloseTimeout: 50 * time.Millisecond, WriteLimit: -1}, false)
			if err := b.Session.TryWrite(websocket.MessageBinary, make([]byte, 16<<20)); err != nil {
				t.Fatal(err)
			}
			b.Session.Close(1000, "")
			b.CheckHooks(t, sessiontest.End{Code: 1000, Label: "closed"})
			if all := b.Peer.Rest(); all[len(all)-1] != "reset" && all[len(all)-1] != "cut" {
				t.Errorf("the peer saw %q", all)
			}
		})
	}
}

// A hook does not return, and its peer keeps sending: that stream stands still, another on the same
// connection does not, and once the hook returns nothing is missing.
func TestHookReadsNothing(t *testing.T) {
	block := make(chan struct{})
	h := &wsecho.Handler{
		Logger: new(sessiontest.Log).Logger(), WriteLimit: -1,
		OnMessage: func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
			if string(p) == "block" {
				<-block
			}
			return wsecho.Echo(ctx, s, typ, p)
		},
	}
	s := serve(t, h, false)
	t.Cleanup(func() { h.Close() })
	slow, other := s.open(t), s.open(t)
	const n, size = 40, 64 << 10 // more than both windows
	sent := make(chan error, 1)
	go func() {
		all := peer.Text("block")
		for i := range n {
			all = append(all, peer.Binary(bytes.Repeat([]byte{byte(i)}, size))...)
		}
		sent <- slow.Send(all)
	}()
	for range 100 {
		talk(t, other, "untouched")
	}
	if len(sent) > 0 {
		t.Error("the server has taken everything, though nobody reads it")
	}
	close(block)
	if m := slow.Next(); m != "text:block" {
		t.Fatal(m)
	}
	for i := range n {
		if m, err := slow.Read(); err != nil || !bytes.Equal(m.Payload, bytes.Repeat([]byte{byte(i)}, size)) {
			t.Fatalf("message %d: %v, %v", i, m, err)
		}
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
}

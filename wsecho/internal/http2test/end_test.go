package http2test

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// A RST_STREAM loses the session, and ends the context of a hook's helper.
func TestPeerResets(t *testing.T) {
	for _, over := range transports {
		t.Run(over.Name, func(t *testing.T) {
			t.Parallel()
			told := make(chan error, 1)
			h := &wsecho.Handler{OnMessage: func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
				s.Go(func(ctx context.Context) error {
					<-ctx.Done()
					told <- context.Cause(ctx)
					return nil
				})
				return wsecho.Echo(ctx, s, typ, p)
			}}
			b := sessiontest.Start(t, over, h, false)
			b.Send(peer.Text("hi"))
			if m := b.Peer.Next(); m != "text:hi" {
				t.Fatal(m)
			}
			b.Peer.Reset()
			b.CheckHooks(t, sessiontest.End{Label: "lost", Err: func(err error) bool { return !errors.Is(err, io.EOF) }})
			if err := <-told; err == nil {
				t.Error("no cause")
			}
		})
	}
}

// A peer may say all it has to say and end its side at once: the messages count, then the code.
func TestMessagesCloseAndEndStream(t *testing.T) {
	for _, over := range transports {
		t.Run(over.Name, func(t *testing.T) {
			t.Parallel()
			b := sessiontest.Start(t, over, new(wsecho.Handler), false)
			b.Peer.Send(peer.Join(peer.Text("a"), peer.Text("b"), peer.Close(1001, "")))
			b.Peer.CloseWrite()
			b.Check(t, sessiontest.End{Frames: []string{"text:a", "text:b"}, Code: 1001, Label: "peer"})
		})
	}
}

// The TCP connection goes, and with it all of its sessions, none of which hears a word.
func TestConnectionGoes(t *testing.T) {
	const n = 20
	h := &wsecho.Handler{Logger: new(sessiontest.Log).Logger()}
	s := serve(t, h, true)
	var peers []*peer.Peer
	for range n {
		peers = append(peers, s.open(t))
	}
	s.Close()
	await.Poll(t, "all are lost", func() bool { return h.Stats().Ended["lost"] == n && h.Stats().Open == 0 })
	for i, p := range peers {
		if got := p.Rest(); slices.ContainsFunc(got, func(m string) bool { return m == "eof" || m == "timeout" }) {
			t.Errorf("peer %d saw %q", i, got)
		}
	}
}

// The shutdown that the package documents: http.Server waits for the streams, which Shutdown of the
// Handler ends. Every peer is told, and the client has the whole answer before its connection goes.
func TestShutdownOfServerAndHandler(t *testing.T) {
	for name, encrypted := range map[string]bool{"HTTP/2": true, "h2c": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const n = 50
			h := &wsecho.Handler{Logger: new(sessiontest.Log).Logger(), DrainSpread: 100 * time.Millisecond}
			s := serve(t, h, encrypted)
			var peers []*peer.Peer
			for range n {
				peers = append(peers, s.open(t))
			}
			ctx, cancel := context.WithTimeout(t.Context(), await.Patience)
			defer cancel()
			drained := make(chan error, 1)
			go func() { drained <- h.Shutdown(ctx) }()
			if err := errors.Join(s.Shutdown(ctx), <-drained); err != nil {
				t.Fatal(err)
			}
			for i, p := range peers {
				if got := p.Rest(); !slices.Equal(got, []string{"close:1001", "eof"}) {
					t.Errorf("peer %d saw %q", i, got)
				}
			}
			if got := h.Stats().Ended; got["shutdown"] != n {
				t.Errorf("ends: %v", got)
			}
		})
	}
}

// A session gets no time to close, and still the peer is told: the close frame is not waited for, but
// nothing overtakes it.
func TestNoCloseTimeout(t *testing.T) {
	for _, over := range transports {
		t.Run(over.Name, func(t *testing.T) {
			t.Parallel()
			for range 20 {
				b := sessiontest.Start(t, over, &wsecho.Handler{CloseTimeout: -1}, false)
				b.Session.Close(4000, "now")
				b.Check(t, sessiontest.End{Code: 4000, Reason: "now", Label: "closed"})
			}
		})
	}
}

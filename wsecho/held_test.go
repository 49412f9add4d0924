//go:build unix

package wsecho_test

import (
	"testing"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
)

// held runs reply in a hook while replies wait for company: another message is at hand.
func held(t *testing.T, h *wsecho.Handler, reply func(s *wsecho.Session)) {
	first := true
	h.OnMessage = onMessage(func(s *wsecho.Session) error {
		if first {
			first = false
			reply(s)
		}
		return nil
	})
	b := start(t, h)
	b.Send(peer.Text("first"), peer.Text("second"), peer.Close(1000, ""))
	b.Peer.Rest()
	b.Peer.Close()
	b.CheckHooks(t, sessiontest.End{Code: 1000, Label: "peer"})
}

// What waits for company takes no room away: it leaves first.
func TestHeldRepliesMakeRoom(t *testing.T) {
	held(t, &wsecho.Handler{WriteLimit: 1000}, func(s *wsecho.Session) {
		for range 5 {
			if err := s.TryWrite(websocket.MessageBinary, make([]byte, 900)); err != nil {
				t.Error(err)
			}
		}
	})
}

// What is much already waits for no company.
func TestHeldRepliesAreFew(t *testing.T) {
	h := &wsecho.Handler{}
	held(t, h, func(s *wsecho.Session) {
		s.TryWrite(websocket.MessageBinary, make([]byte, 32<<10))
		if q := h.Stats().Queued; q > 0 {
			t.Errorf("%d bytes wait, for a socket that is empty", q)
		}
	})
}

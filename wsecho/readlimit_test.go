package wsecho_test

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
)

// setsLimit is a Handler of small messages whose OnOpen sets the limit to open, unless that is 0, and whose
// OnMessage does so at each message that is a key of said.
func setsLimit(open int64, said map[string]int64) *wsecho.Handler {
	return &wsecho.Handler{
		ReadLimit: 1000,
		OnOpen: func(s *wsecho.Session, _ *http.Request) error {
			if open != 0 {
				s.SetReadLimit(open)
			}
			return nil
		},
		OnMessage: func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
			if n, ok := said[string(p)]; ok {
				s.SetReadLimit(n)
			}
			return wsecho.Echo(ctx, s, typ, p)
		},
	}
}

func TestSetReadLimit(t *testing.T) {
	said := map[string]int64{"raise": 100_000, "lower": 10, "default": 0, "none": -1}
	tooBig := sessiontest.End{Code: 1009, Reason: "*", Label: "too_big"}
	bye := sessiontest.End{Code: 1000, Reason: "*", Label: "peer"}
	for _, c := range []struct {
		name string
		open int64
		send []any // texts, and lengths of messages
		want []string
		end  sessiontest.End
	}{
		{"in OnOpen, raised", 5000, []any{5000}, []string{"text:len 5000"}, bye},
		{"in OnOpen, raised, and exceeded", 5000, []any{5001}, nil, tooBig},
		{"in OnOpen, lowered", 300, []any{300, 301}, []string{"text:len 300"}, tooBig},
		{"in OnOpen, none", -1, []any{2 << 20}, []string{"text:len 2097152"}, bye},
		{"not before the message that raises it", 0, []any{1001, "raise"}, nil, tooBig},
		{"in OnMessage, raised", 0, []any{"raise", 100_000}, []string{"text:raise", "text:len 100000"}, bye},
		{"in OnMessage, raised, and exceeded", 0, []any{"raise", 100_001}, []string{"text:raise"}, tooBig},
		{"in OnMessage, lowered again", 0, []any{"raise", 2000, "lower", "1234567890", 11}, []string{"text:raise", "text:len 2000", "text:lower", "text:1234567890"}, tooBig},
		{"in OnMessage, 0 is 1 MiB", 0, []any{"default", 1 << 20}, []string{"text:default", "text:len 1048576"}, bye},
		{"in OnMessage, 0 is no more than 1 MiB", 0, []any{"default", 1<<20 + 1}, []string{"text:default"}, tooBig},
		{"in OnMessage, none", 0, []any{"none", 3 << 20}, []string{"text:none", "text:len 3145728"}, bye},
	} {
		for _, deflate := range []bool{false, true} {
			t.Run(c.name+map[bool]string{true: ", inflated"}[deflate], func(t *testing.T) {
				t.Parallel()
				b := sessiontest.Start(t, overTCP, setsLimit(c.open, said), deflate)
				var frames []byte // all at once: those that follow are at hand when the hook sets it
				for _, m := range c.send {
					switch m := m.(type) {
					case string:
						frames = append(frames, peer.Text(m)...)
					case int:
						frames = append(frames, b.Text(strings.Repeat("z", m))...)
					}
				}
				b.Send(frames, peer.Close(1000, ""))
				end := c.end
				end.Frames = c.want
				b.Check(t, end)
			})
		}
	}
	t.Run("a message in fragments counts whole", func(t *testing.T) {
		b := start(t, setsLimit(0, said))
		piece := strings.Repeat("z", 900)
		long := peer.Join(peer.Fragment(peer.OpText, piece), bytes.Repeat(peer.Fragment(peer.OpContinuation, piece), 109), peer.Fragment(peer.Fin|peer.OpContinuation, piece))
		b.Send(peer.Text("raise"), peer.Fragment(peer.OpText, piece), peer.Fragment(peer.Fin|peer.OpContinuation, piece), long, peer.Close(1000, ""))
		b.Check(t, sessiontest.End{Frames: []string{"text:raise", "text:len 1800", "text:len 99900"}, Code: 1000, Reason: "*", Label: "peer"})
	})
}

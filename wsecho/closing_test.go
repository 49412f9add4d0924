package wsecho_test

import (
	"net/http"
	"testing"
	"time"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
)

// lookalike is a message whose bytes on the wire are a close frame's, after a header.
func lookalike() []byte {
	p := peer.Close(1000, "")
	return append([]byte{peer.Fin | peer.OpBinary, 0x80 | byte(len(p)), 0, 0, 0, 0}, p...)
}

// closes is what a hook does that closes the session and is in no hurry.
func closes(t *testing.T, s *wsecho.Session) error {
	s.Close(4000, "")
	select {
	case <-time.After(10 * time.Minute):
	case <-t.Context().Done(): // the test has failed
	}
	return nil
}

// After our close frame what arrives is read for the bounds of its frames, wherever in a frame the close
// came, and nothing of it is taken for anything but the peer's close frame: not by us, who answer nothing, nor
// by the hooks. Only then does our sending side end (RFC 6455, sections 5.5.1 and 7.1.1).
func TestBytesAfterOurClose(t *testing.T) {
	long := peer.Binary(make([]byte, 100_000))
	closeIt := func(w *witness) { w.Session.Close(4000, "") }
	for name, c := range map[string]struct {
		set    func(t *testing.T, h *wsecho.Handler)
		inHook bool   // OnMessage closes, at the first message
		begun  []byte // what the peer sent before the close
		close  func(w *witness)
		sees   string
		rest   []byte // of the frame that it was in
	}{
		"between two frames":       {close: closeIt, sees: "close:4000"},
		"in a header":              {begun: long[:3], close: closeIt, sees: "close:4000", rest: long[3:]},
		"in a masking key":         {begun: long[:12], close: closeIt, sees: "close:4000", rest: long[12:]},
		"in a payload":             {begun: long[:1000], close: closeIt, sees: "close:4000", rest: long[1000:]},
		"in a fragmented message":  {begun: peer.Fragment(peer.OpText, "a"), close: closeIt, sees: "close:4000", rest: peer.Fragment(peer.Fin|peer.OpContinuation, "b")},
		"in a ping":                {begun: peer.Ping("ping")[:7], close: closeIt, sees: "close:4000", rest: peer.Ping("ping")[7:]},
		"in a hook":                {inHook: true, begun: peer.Text("m"), sees: "close:4000"},
		"in a hook and a frame":    {inHook: true, begun: peer.Join(peer.Text("m"), long[:1000]), sees: "close:4000", rest: long[1000:]},
		"in a hook, frames behind": {inHook: true, begun: peer.Join(peer.Text("m"), peer.Text("never"), lookalike(), long[:20]), sees: "close:4000", rest: long[20:]},
		"in OnOpen": {set: func(t *testing.T, h *wsecho.Handler) {
			h.OnOpen = func(s *wsecho.Session, _ *http.Request) error { return closes(t, s) }
		}, sees: "close:4000"},
		"in text that is no UTF-8": {begun: peer.Text("\xff and more")[:8], sees: "close:1007", rest: peer.Text("\xff and more")[8:]},
		"in a message too big":     {set: func(_ *testing.T, h *wsecho.Handler) { h.ReadLimit = 1000 }, begun: long[:20], sees: "close:1009", rest: long[20:]},
	} {
		t.Run(name, func(t *testing.T) {
			h := func(t *testing.T) *wsecho.Handler {
				handed := 0
				h := &wsecho.Handler{OnMessage: onMessage(func(s *wsecho.Session) error {
					if handed++; !c.inHook || handed > 1 {
						t.Error("a message is handed out")
					}
					return closes(t, s)
				})}
				if c.set != nil {
					c.set(t, h)
				}
				return h
			}
			witnessed(t, h, func(w *witness) {
				if len(c.begun) > 0 {
					w.sends(c.begun)
				}
				if c.close != nil {
					c.close(w)
				}
				w.sees("at our close", c.sees)
				if len(c.rest) > 0 {
					w.sends(c.rest)
				}
				for range 10 {
					w.sends(lookalike(), peer.Ping("p"), peer.Fragment(peer.OpText, "a"), peer.Pong(""), peer.Fragment(peer.Fin|peer.OpContinuation, "\xff"))
					w.sends(long)
				}
				time.Sleep(20 * time.Minute)
				w.sees("before its own close frame")
				last := peer.Close(1000, "bye")
				w.sends(last[:7])
				w.sees("before the end of its own close frame")
				w.sends(last[7:])
				w.sees("after both close frames", "eof")
				w.gone()
			})
		})
	}
}

// The peer closes, and we answer: both close frames are through.
func TestAnswerIsTheEnd(t *testing.T) {
	for name, last := range map[string][]byte{
		"with a code": peer.Close(1000, ""), "with more behind": peer.Join(peer.Close(1000, ""), peer.Text("after"), []byte("\xff\xff")),
	} {
		t.Run(name, func(t *testing.T) {
			witnessed(t, func(*testing.T) *wsecho.Handler { return &wsecho.Handler{} }, func(w *witness) {
				w.sends(last)
				w.sees("after its close frame", "close:1000", "eof")
				w.gone()
			})
		})
	}
}

// The peer's close frame counts, whatever is in it.
func TestAnyCloseFrameIsOne(t *testing.T) {
	for name, last := range map[string][]byte{
		"empty": peer.Close(1005, ""), "of one byte": peer.CloseBody([]byte{3}), "a code that may not be sent": peer.Close(1006, ""),
		"not UTF-8": peer.Close(1000, "\xff"), "as long as can be": peer.CloseBody(make([]byte, 125)),
	} {
		t.Run(name, func(t *testing.T) {
			witnessed(t, func(*testing.T) *wsecho.Handler { return &wsecho.Handler{} }, func(w *witness) {
				w.Session.Close(4000, "")
				w.sees("at our close", "close:4000")
				w.sends(last)
				w.sees("after both close frames", "eof")
				w.gone()
			})
		})
	}
}

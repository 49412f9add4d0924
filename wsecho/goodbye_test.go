package wsecho_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/sessiontest"
)

// What Shutdown and Close tell the peers. The cause stays the same.
func TestGoodbye(t *testing.T) {
	for name, c := range map[string]struct {
		goodbye websocket.CloseError
		code    int
		reason  string
		invalid bool
	}{
		"zero":                    {websocket.CloseError{}, 1001, "", false},
		"a code and a reason":     {websocket.CloseError{Code: 4503, Reason: "back in a minute"}, 4503, "back in a minute", false},
		"a code alone":            {websocket.CloseError{Code: websocket.StatusServiceRestart}, 1012, "", false},
		"a reason alone":          {websocket.CloseError{Reason: "a new version"}, 1001, "a new version", false},
		"no code":                 {websocket.CloseError{Code: websocket.StatusNoStatusRcvd, Reason: "unsent"}, 1005, "", false},
		"a code that is not sent": {websocket.CloseError{Code: 1006, Reason: "why"}, 1011, "why", true},
		"a code that is none":     {websocket.CloseError{Code: 99, Reason: "why"}, 1011, "why", true},
	} {
		for how, end := range map[string]func(h *wsecho.Handler){
			"Shutdown": func(h *wsecho.Handler) { go h.Shutdown(context.Background()) },
			"Close":    func(h *wsecho.Handler) { h.Close() },
		} {
			t.Run(name+"/"+how, func(t *testing.T) {
				b := start(t, &wsecho.Handler{Goodbye: c.goodbye})
				if logged := b.Log.Has("level=ERROR", "1011", "may not be sent"); logged != c.invalid {
					t.Errorf("at setup it logged:\n%s", b.Log)
				}
				end(b.Handler)
				b.Check(t, sessiontest.End{Code: c.code, Reason: c.reason, Cut: how == "Close", Label: "shutdown", Err: func(err error) bool { return errors.Is(err, wsecho.ErrShutdown) }})
			})
		}
	}
}

// An upgrade in flight as Shutdown begins gets it too.
func TestGoodbyeInFlight(t *testing.T) {
	h := &wsecho.Handler{Goodbye: websocket.CloseError{Code: 4503, Reason: "late"}}
	e := behind(t, h, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(watchedHijack{w, func() {
			expired, cancel := context.WithCancel(r.Context())
			cancel()
			h.Shutdown(expired)
		}}, r)
	}))
	p := e.open(t)
	if m := p.Next(); m != "close:4503 late" {
		t.Errorf("the peer saw %q", m)
	}
	p.Close()
}

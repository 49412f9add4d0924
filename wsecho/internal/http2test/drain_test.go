package http2test

import (
	"fmt"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/middleware/peertest/h2dial"
	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// libraries open a session with other people's clients, over a connection of its own.
var libraries = map[string]func(t *testing.T, url string) sessiontest.Busy{
	"coder": func(t *testing.T, url string) sessiontest.Busy {
		h2 := h2dial.TLS()
		c, _, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{
			Subprotocols: []string{wsecho.DefaultSubprotocol}, HTTPClient: h2.Client(),
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.CloseNow(); h2.CloseIdleConnections() })
		return sessiontest.Coder(c)
	},
	"gorilla": func(t *testing.T, url string) sessiontest.Busy {
		h2 := h2dial.TLS()
		c := dialGorilla(t, h2, url)
		t.Cleanup(func() { c.Close(); h2.CloseIdleConnections() })
		return sessiontest.Gorilla(c)
	},
}

// Pages in the middle of sending are told that the service goes away: see TestBusyDrain in faulttest.
func TestBusyDrain(t *testing.T) {
	rounds := 1
	if leaktest.Long() {
		rounds = 10
	}
	for library, dial := range libraries {
		for n := range rounds {
			t.Run(fmt.Sprintf("%s, %d", library, n), func(t *testing.T) {
				h := &wsecho.Handler{CloseTimeout: time.Hour, Logger: new(sessiontest.Log).Logger()}
				s := serve(t, h, true)
				t.Cleanup(func() { h.Close() })
				sessiontest.DrainBusy(t, h, func() sessiontest.Busy { return dial(t, s.url) })
			})
		}
	}
}

package faulttest

import (
	"fmt"
	"testing"
	"time"

	"github.com/coder/websocket"
	gorilla "github.com/gorilla/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// libraries open a session with other people's clients.
var libraries = map[string]func(t *testing.T, url string) sessiontest.Busy{
	"coder": func(t *testing.T, url string) sessiontest.Busy {
		c, _, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{Subprotocols: []string{wsecho.DefaultSubprotocol}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.CloseNow() })
		return sessiontest.Coder(c)
	},
	"gorilla": func(t *testing.T, url string) sessiontest.Busy {
		d := gorilla.Dialer{Subprotocols: []string{wsecho.DefaultSubprotocol}}
		c, _, err := d.DialContext(t.Context(), url, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return sessiontest.Gorilla(c)
	},
}

// roads are the ways from a client to a server at addr. Each returns where it begins.
var roads = map[string]func(t *testing.T, addr string) string{
	"direct":  func(_ *testing.T, addr string) string { return addr },
	"nginx":   func(t *testing.T, addr string) string { return proxies["nginx"](t, addr) },
	"haproxy": func(t *testing.T, addr string) string { return proxies["haproxy"](t, addr) },
	"caddy":   caddy,
}

// Pages in the middle of sending are told that the service goes away: nothing that happens to their
// bytes on the way takes the close code with it.
func TestBusyDrain(t *testing.T) {
	rounds := 1
	if leaktest.Long() {
		rounds = 10
	}
	for road, from := range roads {
		for library, dial := range libraries {
			for n := range rounds {
				t.Run(fmt.Sprintf("%s, %s, %d", road, library, n), func(t *testing.T) {
					s := serve(t, &wsecho.Handler{CloseTimeout: time.Hour})
					addr := from(t, s.addr)
					sessiontest.DrainBusy(t, s.h, func() sessiontest.Busy { return dial(t, "ws://"+addr+"/ws?name=page") })
				})
			}
		}
	}
}

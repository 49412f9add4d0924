package wsecho_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
)

// A refusal is the application's to spell.
func TestErrorHandler(t *testing.T) {
	e := serve(t, &wsecho.Handler{ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
		he := err.(*wsecho.HandshakeError)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(he.Status)
		json.NewEncoder(w).Encode(map[string]any{"check": he.Check})
	}})
	_, answer, body := e.shake(t, peer.Request{Lines: []string{"Sec-WebSocket-Version: 8"}})
	if answer.StatusCode != 426 || answer.Header.Get("Content-Type") != "application/json" || strings.TrimSpace(body) != `{"check":"version"}` {
		t.Errorf("%s %v %q", answer.Status, answer.Header, body)
	}
	if answer.Header.Get("Sec-WebSocket-Version") != "13" {
		t.Errorf("headers %v", answer.Header)
	}
}

// A HandshakeError says which handshake it was, at most 200 bytes of what the client chose for each, and no
// half characters. So does its record.
func TestHandshakeErrorSaysWhich(t *testing.T) {
	long := strings.Repeat("\u00e9", 150) // of two bytes each
	for _, c := range []struct {
		name string
		r    peer.Request
		want wsecho.HandshakeError
	}{
		{"a browser's", peer.Request{Target: "/rooms/caf%C3%A9?token=secret", Lines: []string{"Origin: https://evil.test"}},
			wsecho.HandshakeError{Path: "/rooms/caf\u00e9", Host: "wsecho.test", Origin: "https://evil.test", Subprotocols: "echo-protocol"}},
		{"no browser's", peer.Request{Method: "POST", Lines: []string{"Sec-WebSocket-Protocol"}},
			wsecho.HandshakeError{Path: "/", Host: "wsecho.test"}},
		{"several lines", peer.Request{Lines: []string{"Sec-WebSocket-Protocol: a, b", "Sec-WebSocket-Protocol: c d", "Origin: a", "Origin: b"}},
			wsecho.HandshakeError{Path: "/", Host: "wsecho.test", Origin: "a, b", Subprotocols: "a, b, c d"}},
		{"long ones", peer.Request{Target: "/" + long, Lines: []string{"Host: " + strings.Repeat("h", 201), "Origin: o" + long, "Sec-WebSocket-Protocol: " + long}},
			wsecho.HandshakeError{Path: "/" + long[:198], Host: strings.Repeat("h", 200), Origin: "o" + long[:198], Subprotocols: long[:200]}},
		{"long, and no UTF-8", peer.Request{Lines: []string{"Origin: " + strings.Repeat("\xbf", 300)}},
			wsecho.HandshakeError{Path: "/", Host: "wsecho.test", Origin: strings.Repeat("\xbf", 196), Subprotocols: "echo-protocol"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got *wsecho.HandshakeError
			logged := new(records)
			e := serve(t, &wsecho.Handler{Logger: slog.New(logged), ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
				got = err.(*wsecho.HandshakeError)
				w.WriteHeader(got.Status)
			}})
			if p, _, _ := e.shake(t, c.r); p != nil {
				t.Fatal("the handshake succeeded")
			}
			if got.Path != c.want.Path || got.Host != c.want.Host || got.Origin != c.want.Origin || got.Subprotocols != c.want.Subprotocols {
				t.Errorf("got %+v,\nwant %+v", got, &c.want)
			}
			attrs := logged.all[0].attrs
			for name, want := range map[string]string{"path": c.want.Path, "host": c.want.Host, "origin": c.want.Origin, "subprotocols": c.want.Subprotocols} {
				if attrs[name].String() != want {
					t.Errorf("the record's %s is %q, want %q", name, attrs[name], want)
				}
			}
			if strings.Contains(fmt.Sprint(got, attrs), "secret") {
				t.Errorf("the query shows: %v %v", got, attrs)
			}
		})
	}
}

package wsecho_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
)

func TestSubprotocolSelection(t *testing.T) {
	for _, c := range []struct {
		name    string
		spoken  []string
		offered []string // header lines
		want    string   // "refused", or what is selected
	}{
		{"the default", nil, []string{"echo-protocol"}, "echo-protocol"},
		{"the server's order decides", []string{"v2", "v1"}, []string{"v1, v2"}, "v2"},
		{"all header lines are read", []string{"v2", "v1"}, []string{"v0", "x,v1", "y , v2 ,z"}, "v2"},
		{"exact case", []string{"V2", "v1"}, []string{"v2, v1"}, "v1"},
		{"exact case, none left", []string{"V2"}, []string{"v2"}, "refused"},
		{"offered in two cases", []string{"v1"}, []string{"V1, v1"}, "v1"},
		{"the empty entry admits none offered", []string{"v1", ""}, nil, ""},
		{"the empty entry alone", []string{""}, nil, ""},
		{"the empty entry beside one in common", []string{"", "v1"}, []string{"v1"}, "v1"},
		{"the empty entry does not admit a stranger", []string{"v1", ""}, []string{"v2"}, "refused"},
		{"no empty entry", []string{"v1"}, nil, "refused"},
	} {
		for _, deflate := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/deflate=%t", c.name, deflate), func(t *testing.T) {
				got := make(chan string, 1)
				h := &wsecho.Handler{Subprotocols: c.spoken, OnOpen: func(s *wsecho.Session, _ *http.Request) error { got <- s.Subprotocol(); return nil }}
				if deflate {
					h.Compression = websocket.CompressionContextTakeover
				}
				e := serve(t, h, func(next http.Handler) http.Handler {
					return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						w.Header().Set("Sec-WebSocket-Protocol", "preset")
						next.ServeHTTP(w, r)
					})
				})
				lines := []string{"Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions: " + peer.Offer}
				for _, o := range c.offered {
					lines = append(lines, "Sec-WebSocket-Protocol: "+o)
				}
				p, answer, body := e.shake(t, peer.Request{Lines: lines})
				sent, has := answer.Header["Sec-Websocket-Protocol"]
				if c.want == "refused" {
					if answer.StatusCode != 400 || has {
						t.Errorf("%s, subprotocol %q", answer.Status, sent)
					}
					for _, name := range c.spoken {
						if !strings.Contains(body, name) {
							t.Errorf("the body does not name %q: %q", name, body)
						}
					}
					return
				}
				if p == nil {
					t.Fatalf("%s %q", answer.Status, body)
				}
				if selected := <-got; selected != c.want {
					t.Errorf("Session.Subprotocol() is %q, want %q", selected, c.want)
				}
				if has != (c.want != "") || has && !slices.Equal(sent, []string{c.want}) {
					t.Errorf("Sec-WebSocket-Protocol is %q, want %q", sent, c.want)
				}
			})
		}
	}
}

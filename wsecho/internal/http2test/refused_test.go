package http2test

import (
	"fmt"
	"net/http"
	"testing"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// A refusal behind ExtendedConnect is one that HTTP/2 can carry: no 426 (RFC 9110 section 15.5.22 wants headers
// that RFC 9113 section 8.2.2 forbids), and the connection goes on, but for a shutdown.
func TestRefusedBehindExtendedConnect(t *testing.T) {
	for _, c := range []struct {
		check, name, value string // what is wrong in the request's header
		status             int
	}{
		{"version", "Sec-Websocket-Version", "12", http.StatusBadRequest},
		{"origin", "Origin", "https://evil.test", http.StatusForbidden},
		{"extensions", "Sec-Websocket-Extensions", `x; y="a, b`, http.StatusBadRequest},
		{"subprotocol", "Sec-Websocket-Protocol", "a, a", http.StatusBadRequest},
		{"shutdown", "X-None", "", http.StatusServiceUnavailable},
	} {
		t.Run(c.check, func(t *testing.T) {
			type refusal struct {
				status     int
				connection []string
				upgrade    string
			}
			var got []refusal
			var from []string // the connections, by the client's address
			h := &wsecho.Handler{ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
				e := err.(*wsecho.HandshakeError)
				if e.Check != c.check {
					t.Errorf("refused for %q", e.Check)
				}
				got = append(got, refusal{e.Status, w.Header()["Connection"], w.Header().Get("Upgrade")})
				from = append(from, r.RemoteAddr)
				w.WriteHeader(e.Status)
			}}
			s := serve(t, h, false)
			want := refusal{status: c.status}
			if c.check == "shutdown" {
				want.connection = []string{"close"} // net/http's GOAWAY
				h.Close()
			}
			ask := func() (answered bool) {
				header := http.Header{"Sec-Websocket-Protocol": {wsecho.DefaultSubprotocol}}
				header.Set(c.name, c.value)
				_, answer, err := s.client.Dial(await.Within(t), s.url, header)
				if answer == nil {
					t.Log(err) // a GOAWAY has met the stream on its way
					return false
				}
				answer.Body.Close()
				if answer.StatusCode != c.status {
					t.Fatalf("the answer is %d, want %d", answer.StatusCode, c.status)
				}
				for _, name := range []string{"Connection", "Upgrade"} {
					if v := answer.Header.Get(name); v != "" {
						t.Errorf("%s: %s", name, v)
					}
				}
				return true
			}
			if !ask() {
				t.Fatal("no answer")
			}
			if c.check == "shutdown" { // the GOAWAY may come behind the answer, and so another stream before it
				await.Poll(t, "another connection", func() bool { return ask() && from[len(from)-1] != from[0] })
			} else if !ask() || from[0] != from[1] {
				t.Errorf("the connections are %q", from)
			}
			for _, r := range got {
				if fmt.Sprint(r) != fmt.Sprint(want) {
					t.Errorf("ErrorHandler saw %v, want %v", r, want)
				}
			}
		})
	}
}

package wsechotest_test

import (
	"fmt"
	"io"
	"net/http"

	"github.com/coder/websocket"
	"github.com/go-chi/chi/v5"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/wsechotest"
)

// In a test, t is its *testing.T.
func ExampleDial() {
	r := chi.NewRouter()
	r.Handle("/ws", &wsecho.Handler{})

	c := wsechotest.Dial(t, r, "/ws", nil)
	c.Write(t.Context(), websocket.MessageText, []byte("hello"))
	_, p, err := c.Read(t.Context())
	fmt.Printf("%s %v\n", p, err)
	// Output: hello <nil>
}

// Two clients of one handler, and what one of them sees when the server closes it.
func ExampleDial_clients() {
	room := &wsecho.Handler{
		OnOpen: func(s *wsecho.Session, r *http.Request) error {
			s.Data = r.URL.Query().Get("name")
			return nil
		},
	}
	ann := wsechotest.Dial(t, room, "/?name=ann", nil)
	ben := wsechotest.Dial(t, room, "/?name=ben", nil)

	// The client has seen the 101 before OnOpen runs; once it has an echo, OnOpen has returned.
	for _, c := range []*websocket.Conn{ann, ben} {
		c.Write(t.Context(), websocket.MessageText, []byte("hello"))
		c.Read(t.Context())
	}
	for s := range room.Sessions() {
		if s.Data == "ann" {
			s.Close(websocket.StatusPolicyViolation, "no shouting")
		} else {
			s.TryWrite(websocket.MessageText, []byte("ann was asked to leave"))
		}
	}
	_, _, err := ann.Read(t.Context())
	fmt.Println(websocket.CloseStatus(err))
	_, p, _ := ben.Read(t.Context())
	fmt.Printf("%s\n", p)
	// Output:
	// StatusPolicyViolation
	// ann was asked to leave
}

// A page of another origin is refused.
func ExampleRefused() {
	h := &wsecho.Handler{OriginPatterns: []string{"*.example.com"}}

	res := wsechotest.Refused(t, h, "ws://api.example.com/ws", &websocket.DialOptions{
		Subprotocols: []string{wsecho.DefaultSubprotocol},
		HTTPHeader:   http.Header{"Origin": {"https://elsewhere.test"}},
	})
	line, _ := io.ReadAll(res.Body)
	fmt.Printf("%d %s", res.StatusCode, line)
	// Output: 403 the Origin is not allowed
}

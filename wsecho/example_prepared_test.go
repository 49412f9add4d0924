package wsecho_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
)

// What is the same for everybody is prepared once, here before anybody has come.
func ExamplePrepare() {
	welcome := wsecho.Prepare(websocket.MessageText, []byte("welcome"))
	h := &wsecho.Handler{OnOpen: func(s *wsecho.Session, _ *http.Request) error {
		return s.TryWritePrepared(welcome)
	}}
	for range 2 {
		c := dial(h, "/")
		fmt.Println(c.hear())
		c.hangUp()
	}
	// Output:
	// welcome
	// welcome
}

// A producer that must not lose a message waits for each of its few readers.
func ExampleSession_WritePrepared() {
	h := &wsecho.Handler{}
	publish := func(ctx context.Context, p []byte) (err error) {
		m := wsecho.Prepare(websocket.MessageText, p)
		for s := range h.Sessions() {
			err = errors.Join(err, s.WritePrepared(ctx, m))
		}
		return err
	}
	c := dial(h, "/")
	defer c.hangUp()
	c.say("ready") // and hears it, so it is listed
	c.hear()
	fmt.Println(publish(context.Background(), []byte("news")))
	fmt.Println(c.hear())
	// Output:
	// <nil>
	// news
}

// The recipe for a broadcast: it waits for nobody, and skips who has no room. Who takes nothing at all is
// ended by WriteTimeout. What it returns ends no session, so a hook may return it: it is logged at Debug.
func ExampleSession_TryWritePrepared() {
	h := &wsecho.Handler{}
	h.OnMessage = func(_ context.Context, _ *wsecho.Session, typ websocket.MessageType, p []byte) (err error) {
		m := wsecho.Prepare(typ, p)
		for s := range h.Sessions() {
			err = errors.Join(err, s.TryWritePrepared(m))
		}
		return err
	}
	c := dial(h, "/")
	defer c.hangUp()
	c.say("hello, all")
	fmt.Println(c.hear())
	// Output: hello, all
}

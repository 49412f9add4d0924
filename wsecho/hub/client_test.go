package hub_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/coder/websocket"
)

// guest is a client of an example.
type guest struct {
	conn  *websocket.Conn
	serve *httptest.Server
	at    string // of the last frame with one
}

// connect opens a WebSocket with h, as a browser behind a proxy that has authenticated user, and waits for the first
// frame.
func connect(h http.Handler, path, user string) *guest {
	serve := httptest.NewServer(h)
	c, _, err := websocket.Dial(context.Background(), serve.URL+path, &websocket.DialOptions{
		Subprotocols: []string{"rooms.v1"},
		HTTPHeader:   http.Header{"X-User": {user}},
	})
	if err != nil {
		panic(err)
	}
	g := &guest{conn: c, serve: serve}
	g.next()
	return g
}

// next returns the next frame.
func (g *guest) next() (f Frame) {
	_, p, err := g.conn.Read(context.Background())
	if err != nil {
		panic(err)
	}
	if err := json.Unmarshal(p, &f); err != nil {
		panic(err)
	}
	if f.At != "" {
		g.at = f.At
	}
	return f
}

// hear returns the next message or reset.
func (g *guest) hear() string {
	for {
		switch f := g.next(); {
		case f.Reset:
			return "reset"
		case f.Data != nil && f.From != "":
			return fmt.Sprintf("%s in %s: %s", f.From, f.Topic, f.Data)
		case f.Data != nil:
			return fmt.Sprintf("%s: %s", f.Topic, f.Data)
		}
	}
}

// sees returns the next frame about presence.
func (g *guest) sees() string {
	for {
		f := g.next()
		if f.Users == nil {
			continue
		}
		s := fmt.Sprintf("%d here:", *f.Users)
		for _, p := range f.Here {
			s += " " + p.User
		}
		for _, p := range f.Joined {
			s += " +" + p.User
		}
		for _, p := range f.Left {
			s += " -" + p.User
		}
		return s
	}
}

// send sends a message.
func (g *guest) send(s string) {
	if err := g.conn.Write(context.Background(), websocket.MessageText, []byte(s)); err != nil {
		panic(err)
	}
}

// close goes away without a word, as the network does.
func (g *guest) close() {
	g.conn.CloseNow()
	g.serve.Close()
}

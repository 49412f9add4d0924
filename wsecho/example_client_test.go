package wsecho_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
)

// client is who talks to the handlers of the examples.
type client struct {
	conn *websocket.Conn
	srv  *httptest.Server
}

// dial serves h and opens a session with it.
func dial(h http.Handler, target string) client {
	srv := httptest.NewServer(h)
	c := dialURL(srv.URL + target)
	c.srv = srv
	return c
}

func dialURL(url string) client {
	conn, _, err := websocket.Dial(context.Background(), url, &websocket.DialOptions{
		Subprotocols: []string{wsecho.DefaultSubprotocol},
	})
	if err != nil {
		panic(err)
	}
	return client{conn: conn}
}

func (c client) say(message string) {
	if err := c.conn.Write(context.Background(), websocket.MessageText, []byte(message)); err != nil {
		panic(err)
	}
}

// hear is the next message, or how the session ended.
func (c client) hear() string {
	_, p, err := c.conn.Read(context.Background())
	var ce websocket.CloseError
	switch {
	case errors.As(err, &ce):
		return strings.TrimSpace(fmt.Sprint("closed: ", ce.Code, " ", ce.Reason))
	case err != nil:
		return err.Error()
	}
	return string(p)
}

func (c client) hangUp() {
	c.conn.Close(websocket.StatusNormalClosure, "")
	c.srv.Close()
}

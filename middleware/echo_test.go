package middleware

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho/wsechotest/await"
)

// echo is an ordinary handler on coder/websocket: it knows nothing of this package.
func echo(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"echo-protocol"}})
	if err != nil {
		return // Accept has answered
	}
	defer c.CloseNow()
	for {
		typ, p, err := c.Read(context.Background())
		if err != nil || c.Write(context.Background(), typ, p) != nil {
			return
		}
	}
}

// serve serves h over HTTP/1.1 until the test ends.
func serve(t testing.TB, h http.Handler) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

// dial opens a WebSocket that offers subprotocols. The test's end closes it.
func dial(t testing.TB, url string, header http.Header, subprotocols ...string) (*websocket.Conn, *http.Response, error) {
	t.Helper()
	c, resp, err := websocket.Dial(await.Within(t), url, &websocket.DialOptions{HTTPHeader: header, Subprotocols: subprotocols})
	if err == nil {
		t.Cleanup(func() { c.CloseNow() })
	}
	return c, resp, err
}

// roundTrip sends msg and wants it back.
func roundTrip(t testing.TB, c *websocket.Conn, msg string) {
	t.Helper()
	if err := c.Write(await.Within(t), websocket.MessageText, []byte(msg)); err != nil {
		t.Fatalf("write: %v", err)
	}
	if _, p, err := c.Read(await.Within(t)); err != nil || string(p) != msg {
		t.Fatalf("read %q, %v; want %q", p, err, msg)
	}
}

// panicOf returns what f panics with.
func panicOf(f func()) (v any) {
	defer func() { v = recover() }()
	f()
	return nil
}

package main

import (
	"crypto/tls"
	"io"
	"net/http"
	"testing"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho/wsechotest/await"
)

// insecure is a client that takes the service's own certificate.
func insecure(t *testing.T) *http.Client {
	tr := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

// spoken is what clients offer, at whatever path.
var spoken = []string{"echo-protocol", "rooms.v1"}

// dial opens a WebSocket at url, which is http or https.
func dial(t *testing.T, url string) *websocket.Conn {
	t.Helper()
	c, _, err := websocket.Dial(await.Within(t), url, &websocket.DialOptions{
		HTTPClient: insecure(t), Subprotocols: spoken,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.CloseNow() })
	return c
}

func write(t *testing.T, c *websocket.Conn, text string) {
	t.Helper()
	if err := c.Write(await.Within(t), websocket.MessageText, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, c *websocket.Conn) string {
	t.Helper()
	_, p, err := c.Read(await.Within(t))
	if err != nil {
		t.Fatal(err)
	}
	return string(p)
}

// get returns the status and body of a GET.
func get(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := insecure(t).Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

package peertest

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/lxzan/gws"

	"example.com/wsecho/middleware"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// gwsEcho is a handler that takes more for a handshake than RFC 6455 has it.
func gwsEcho() http.Handler {
	up := gws.NewUpgrader(&gws.BuiltinEventHandler{}, nil)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := up.Upgrade(w, r)
		if err == nil {
			c.ReadLoop()
		}
	})
}

// status sends a handshake with headers and returns the answer's status. The connection
// stays until the test ends.
func status(t *testing.T, s *httptest.Server, headers string) int {
	t.Helper()
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(await.Patience))
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: h\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"+
		"Sec-WebSocket-Protocol: echo-protocol\r\n"+headers+"\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0 // hung up on
	}
	return resp.StatusCode
}

// TestLenientHandlers: whatever a handler takes for a handshake, LimitPerClient does too.
func TestLenientHandlers(t *testing.T) {
	const plain = "Connection: Upgrade\r\nUpgrade: websocket\r\n"
	hs := handlers(t)
	hs["gws"] = gwsEcho()
	bare, full := map[string]*httptest.Server{}, map[string]*httptest.Server{}
	for name, h := range hs {
		bare[name] = overHTTP1.serve(t, h, nil).Server
		full[name] = overHTTP1.serve(t, middleware.LimitPerClient(1, nil)(h), nil).Server
		if got := status(t, full[name], plain); got != 101 {
			t.Fatalf("%s: the first handshake is answered %d", name, got)
		}
	}
	for _, headers := range []string{
		plain,
		"Connection: Upgrade\r\nUpgrade: \u00a0websocket\r\n", // coder: strings.TrimSpace
		"Connection: Upgrade\r\nUpgrade: websocket\u2003\r\n",
		"Connection: \u0085Upgrade\r\nUpgrade: websocket\r\n",
		"Connection: xUpgrade\r\nUpgrade: websocket\r\n",                // gws: strings.Contains
		"Connection: Upgrade\r\nUpgrade: web\u017foc\u212aet\r\n",       // strings.EqualFold
		"Connection: Upgrade\r\nUpgrade: x\r\nUpgrade: \twebsocket\r\n", // not the first line
	} {
		taken := false
		for name := range hs {
			taken = taken || status(t, bare[name], headers) == 101
			if got := status(t, full[name], headers); got != http.StatusTooManyRequests {
				t.Errorf("%s, past the limit, answers %d to %q", name, got, headers)
			}
		}
		if !taken {
			t.Errorf("no handler takes %q for a handshake", headers)
		}
	}
}

package peertest

import (
	"bytes"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/coder/websocket"

	"example.com/wsecho/middleware/peertest/h2dial"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// server serves one handler over one kind of transport.
type server struct {
	*httptest.Server
	tcp atomic.Int32 // connections accepted
}

// transport is a way for a WebSocket to come to a server.
type transport struct {
	name       string
	tls, http2 bool
}

var (
	overHTTP1 = transport{"HTTP/1.1", false, false}
	overTLS   = transport{"HTTP/1.1 over TLS", true, false}
	overHTTP2 = transport{"HTTP/2", true, true}
	overH2C   = transport{"h2c", false, true}

	transports = []transport{overHTTP1, overTLS, overHTTP2, overH2C}
)

// serve serves h until the test ends. configure, which may be nil, changes the server
// before it starts.
func (tr transport) serve(t testing.TB, h http.Handler, configure func(*http.Server)) *server {
	t.Helper()
	s := &server{Server: httptest.NewUnstartedServer(h)}
	s.EnableHTTP2 = true
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.tcp.Add(1)
		}
	}
	if configure != nil {
		configure(s.Config)
	}
	if tr.tls {
		s.StartTLS()
	} else {
		s.Config.Protocols = new(http.Protocols)
		s.Config.Protocols.SetHTTP1(true)
		s.Config.Protocols.SetUnencryptedHTTP2(true)
		s.Start()
	}
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Config.Close()
		s.Close()
	})
	return s
}

// client returns what websocket.Dial needs to come over tr. Its connections end with
// the test.
func (tr transport) client(t testing.TB, s *server) *http.Client {
	switch {
	case tr.http2:
		h2 := tr.h2(t)
		return h2.Client()
	default:
		return s.Client()
	}
}

// h2 returns the HTTP/2 client for tr.
func (tr transport) h2(t testing.TB) h2dial.Transport {
	h2 := h2dial.Cleartext()
	if tr.tls {
		h2 = h2dial.TLS()
	}
	t.Cleanup(h2.CloseIdleConnections)
	return h2
}

// dial opens a WebSocket, which ends with the test.
func dial(t testing.TB, s *server, hc *http.Client, path string, o websocket.DialOptions) *websocket.Conn {
	t.Helper()
	o.HTTPClient = hc
	if o.Subprotocols == nil {
		o.Subprotocols = []string{"echo-protocol"}
	}
	c, resp, err := websocket.Dial(await.Within(t), s.URL+path, &o)
	if err != nil {
		t.Fatalf("dial: %v (response %v)", err, resp)
	}
	t.Cleanup(func() { c.CloseNow() })
	c.SetReadLimit(maxMessage)
	return c
}

// roundTrip sends msg and wants it back.
func roundTrip(t testing.TB, c *websocket.Conn, msg []byte) {
	t.Helper()
	if err := c.Write(await.Within(t), websocket.MessageBinary, msg); err != nil {
		t.Fatalf("write: %v", err)
	}
	if _, p, err := c.Read(await.Within(t)); err != nil || !bytes.Equal(p, msg) {
		t.Fatalf("read %d bytes, %v; want the %d that were sent", len(p), err, len(msg))
	}
}

package http2test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"example.com/wsecho/middleware"
	"example.com/wsecho/middleware/peertest/h2dial"
	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// The transports of HTTP/2. What h2c carries can be read: the server's frames are checked.
var (
	overTLS = sessiontest.Transport{Name: "HTTP/2", Serve: func(t testing.TB, h http.Handler) sessiontest.Dial { return serve(t, h, true).dial }}
	overH2C = sessiontest.Transport{Name: "h2c", Serve: func(t testing.TB, h http.Handler) sessiontest.Dial { return serve(t, h, false).dial }}

	transports = []sessiontest.Transport{overTLS, overH2C}
)

// server is one http.Server with ExtendedConnect, and one client, whose streams share a connection
// until they are too many for it.
type server struct {
	*http.Server
	url    string
	client h2dial.Transport
	watch  *watch
}

// serve serves h until the test ends. Every session has to end before: the test closes its Handler in
// a cleanup of its own, or earlier.
func serve(t testing.TB, h http.Handler, encrypted bool) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{url: "http://" + l.Addr().String(), client: h2dial.Cleartext(), watch: &watch{t: t}}
	var logged logBuffer
	s.Server = &http.Server{
		Handler:   s.watch.over(middleware.ExtendedConnect(h)),
		ErrorLog:  log.New(&logged, "", 0),
		Protocols: new(http.Protocols),
		HTTP2: &http.HTTP2Config{ // the example's
			MaxReceiveBufferPerStream:     64 << 10,
			MaxReceiveBufferPerConnection: 1 << 20,
			SendPingTimeout:               30 * time.Second,
			PingTimeout:                   15 * time.Second,
			WriteByteTimeout:              15 * time.Second,
		},
	}
	run := s.Server.Serve
	if encrypted {
		s.url, s.client = "https://"+l.Addr().String(), h2dial.TLS()
		s.Protocols.SetHTTP2(true)
		s.TLSConfig = &tls.Config{Certificates: certificates()}
		run = func(l net.Listener) error { return s.ServeTLS(l, "", "") }
	} else {
		s.Protocols.SetUnencryptedHTTP2(true)
		l = wire{t}.tap(l)
	}
	done := make(chan struct{})
	go func() { run(l); close(done) }()
	t.Cleanup(func() {
		s.watch.wait() // by themselves: Close would end them
		s.Close()
		<-done
		s.client.CloseIdleConnections()
		if logged.has("panic") {
			t.Errorf("the server logged:\n%s", &logged.b)
		}
	})
	return s
}

// certificates are those of httptest: made for tests, known to every Go.
var certificates = sync.OnceValue(func() []tls.Certificate {
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.StartTLS()
	defer srv.Close()
	return srv.TLS.Certificates
})

// open opens a session, in which the peer speaks the default subprotocol.
func (s *server) open(t testing.TB) *peer.Peer {
	t.Helper()
	status, _, p := s.dial(t, http.Header{"Sec-Websocket-Protocol": {wsecho.DefaultSubprotocol}})
	if p == nil {
		t.Fatalf("handshake: status %d", status)
	}
	return p
}

// dial is a sessiontest.Dial.
func (s *server) dial(t testing.TB, header http.Header) (int, http.Header, *peer.Peer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), await.Patience)
	defer cancel()
	c, answer, err := s.client.Dial(ctx, s.url, header)
	if answer == nil {
		t.Fatal(err)
	}
	if c == nil {
		answer.Body.Close()
		return answer.StatusCode, answer.Header, nil
	}
	t.Cleanup(func() { c.Close() })
	return answer.StatusCode, answer.Header, peer.New(stream{c})
}

// stream is a client's end of a stream whose reset is known as one to a Peer.
type stream struct{ *h2dial.Conn }

func (s stream) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p)
	if reset := (http2.StreamError{}); errors.As(err, &reset) {
		err = fmt.Errorf("%w: %w", syscall.ECONNRESET, err)
	}
	return n, err
}

// Reset sends RST_STREAM before a Close can end the stream in order: HTTP/2's client, which waits for
// something to send, looks for a reset only when it has it.
func (s stream) Reset() {
	s.Conn.Reset()
	s.Write([]byte{0}) // never sent
}

// logBuffer keeps what a server logs.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) has(s string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Contains(l.b.Bytes(), []byte(s))
}

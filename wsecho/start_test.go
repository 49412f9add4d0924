package wsecho_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// How a test comes by a session.

const text = websocket.MessageText

var errSecret = errors.New("secret")

// noStall is for timeouts that must not strike in real time, however busy the machine is: nobody is
// stopped for that long.
const noStall = 2500 * time.Millisecond

// start opens a session over TCP.
func start(t *testing.T, h *wsecho.Handler) *sessiontest.Both {
	t.Helper()
	return sessiontest.Start(t, overTCP, h, false)
}

// bubble runs test with a session over a pipe in memory, in fake time. A peer there buffers
// nothing: what it does not read waits.
func bubble(t *testing.T, h *wsecho.Handler, test func(t *testing.T, b *sessiontest.Both)) {
	synctest.Test(t, func(t *testing.T) {
		b := sessiontest.Start(t, overHalfPipe, h, false)
		b.Peer.Timeout = 1000 * time.Hour
		defer b.Peer.Close()
		test(t, b)
	})
}

// endpoint is a Handler behind a real TCP socket.
type endpoint struct {
	*wsecho.Handler
	srv *httptest.Server
	log *sessiontest.Log

	mu      sync.Mutex
	refused []wsecho.HandshakeError // what ErrorHandler got
	set     []http.Header           // the headers that were set by then
}

// serve serves h behind the middlewares, the last innermost.
func serve(t *testing.T, h *wsecho.Handler, middlewares ...func(http.Handler) http.Handler) *endpoint {
	handler := http.Handler(h)
	for _, m := range slices.Backward(middlewares) {
		handler = m(handler)
	}
	return behind(t, h, handler)
}

// behind serves handler, in which h is mounted.
func behind(t *testing.T, h *wsecho.Handler, handler http.Handler) *endpoint {
	e := &endpoint{Handler: h, log: new(sessiontest.Log), srv: httptest.NewUnstartedServer(handler)}
	if h.Logger == nil {
		h.Logger = e.log.Logger()
	}
	e.srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	e.srv.Start()
	t.Cleanup(func() {
		h.Close()
		e.srv.Close()
		await.Poll(t, "no session is left", func() bool { return h.Stats().Open == 0 })
	})
	return e
}

// shake makes one handshake. The Peer is nil if it was refused.
func (e *endpoint) shake(t testing.TB, r peer.Request) (*peer.Peer, *http.Response, string) {
	t.Helper()
	c, err := net.Dial("tcp", e.srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	p, answer, err := peer.Handshake(c, r)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode == http.StatusSwitchingProtocols {
		return p, answer, ""
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Errorf("body: %v", err)
	}
	return nil, answer, string(body)
}

// open makes a handshake that must succeed.
func (e *endpoint) open(t testing.TB, lines ...string) *peer.Peer {
	t.Helper()
	p, answer, body := e.shake(t, peer.Request{Lines: lines})
	if p == nil {
		t.Fatalf("handshake: %s %q", answer.Status, body)
	}
	return p
}

// untilShut waits until the Handler refuses, with a request that fails the second check.
func untilShut(t *testing.T, e *endpoint) {
	await.Poll(t, "the shutdown has begun", func() bool {
		rec := httptest.NewRecorder()
		e.Handler.ServeHTTP(rec, httptest.NewRequest("GET", "/", nil))
		return rec.Code == 503
	})
}

// onMessage is a MessageFunc that needs only the session.
func onMessage(f func(s *wsecho.Session) error) wsecho.MessageFunc {
	return func(_ context.Context, s *wsecho.Session, _ websocket.MessageType, _ []byte) error { return f(s) }
}

func count(h *wsecho.Handler) (n int) {
	for range h.Sessions() {
		n++
	}
	return n
}

func total(m map[string]uint64) (n uint64) {
	for _, v := range m {
		n += v
	}
	return n
}

func expired() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

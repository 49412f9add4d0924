package peertest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/middleware"
	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// serverEnds are the ways in which a server's session may end besides the peer's.
var serverEnds = []func(ctx context.Context, c *websocket.Conn, r *http.Request){
	func(ctx context.Context, c *websocket.Conn, r *http.Request) {},
	func(ctx context.Context, c *websocket.Conn, r *http.Request) {
		c.Close(websocket.StatusGoingAway, "enough")
	},
	func(ctx context.Context, c *websocket.Conn, r *http.Request) { c.CloseNow() },
	func(ctx context.Context, c *websocket.Conn, r *http.Request) { panic(http.ErrAbortHandler) },
	func(ctx context.Context, c *websocket.Conn, r *http.Request) { // Close beside pings that never stop
		var pings sync.WaitGroup
		defer pings.Wait()
		for range 3 {
			pings.Go(func() {
				for c.Ping(ctx) == nil {
				}
			})
		}
		c.CloseNow()
	},
	func(ctx context.Context, c *websocket.Conn, r *http.Request) { // a goroutine outlives the handler
		go func() {
			for c.Write(ctx, websocket.MessageText, []byte("late")) == nil {
			}
		}()
	},
}

// clientEnds are the ways in which a client may end a session.
var clientEnds = []func(c *websocket.Conn, reset func()){
	func(c *websocket.Conn, reset func()) { c.Close(websocket.StatusNormalClosure, "") },
	func(c *websocket.Conn, reset func()) { c.CloseNow() },
	func(c *websocket.Conn, reset func()) { reset(); c.CloseNow() },
	func(c *websocket.Conn, reset func()) { // in the middle of a big message
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(rand.IntN(3000))*time.Microsecond)
		defer cancel()
		c.Write(ctx, websocket.MessageBinary, make([]byte, 1<<20))
		c.CloseNow()
	},
}

// TestStress has 2,000 sessions on few connections, half of them wsecho's, end in
// every way at once, while each checks every byte of its echo. Run it with -race;
// TestMain sees what they leave behind.
func TestStress(t *testing.T) {
	const sessions, clients, maxSize = 2000, 40, 20_000
	h := &wsecho.Handler{Subprotocols: []string{""}, ReadLimit: maxMessage}
	coder := func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{CompressionMode: websocket.CompressionMode(rand.IntN(3))})
		if err != nil {
			return
		}
		defer c.CloseNow()
		c.SetReadLimit(maxMessage)
		ctx, cancel := context.WithTimeout(context.Background(), await.Patience)
		defer cancel()
		for range 1 + rand.IntN(6) {
			typ, p, err := c.Read(ctx)
			if err != nil || c.Write(ctx, typ, p) != nil {
				return
			}
		}
		serverEnds[rand.IntN(len(serverEnds))](ctx, c, r)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/coder", coder)
	mux.Handle("/wsecho", h)
	s := overHTTP2.serve(t, middleware.LimitPerClient(sessions, nil)(middleware.ExtendedConnect(middleware.LimitPerClient(sessions, nil)(mux))),
		func(s *http.Server) { s.HTTP2 = &http.HTTP2Config{MaxReceiveBufferPerStream: 64 << 10} })

	var next, echoed, unopened atomic.Int64
	var wg sync.WaitGroup
	h2 := overHTTP2.h2(t)
	for range clients {
		wg.Go(func() {
			for i := next.Add(1); i <= sessions; i = next.Add(1) {
				path := []string{"/coder", "/wsecho"}[i%2]
				c, reset, err := open(h2.Client(), s.URL+path)
				if err != nil {
					unopened.Add(1)
					continue
				}
				msg := make([]byte, 1+rand.IntN(maxSize))
				for j := range msg {
					msg[j] = byte(rand.Uint32())
				}
				for range rand.IntN(6) {
					ctx, cancel := context.WithTimeout(context.Background(), await.Patience)
					err := c.Write(ctx, websocket.MessageBinary, msg)
					var typ websocket.MessageType
					var got []byte
					if err == nil {
						typ, got, err = c.Read(ctx)
					}
					if errors.Is(err, context.DeadlineExceeded) {
						t.Error("an echo is stuck")
					}
					cancel()
					if err != nil {
						if path == "/wsecho" { // which ends no session itself
							t.Errorf("wsecho: %v", err)
						}
						break
					}
					switch {
					case typ == websocket.MessageText && string(got) == "late":
					case !bytes.Equal(got, msg):
						t.Errorf("%s: %d bytes came back as %d others", path, len(msg), len(got))
					default:
						echoed.Add(1)
					}
				}
				clientEnds[rand.IntN(len(clientEnds))](c, reset)
			}
		})
	}
	wg.Wait()
	t.Logf("%d echoes in %d sessions over %d TCP connections", echoed.Load(), sessions, s.tcp.Load())
	if n := unopened.Load(); n > 0 {
		t.Errorf("%d sessions could not be opened", n)
	}
	await.Poll(t, "wsecho has no session left", func() bool { return h.Stats().Open == 0 })
}

// open opens a WebSocket whose stream reset resets.
func open(hc *http.Client, url string) (c *websocket.Conn, reset func(), err error) {
	ctx, cancel := context.WithTimeout(context.Background(), await.Patience)
	defer cancel()
	var body interface{ Reset() }
	keep := *hc
	keep.Transport = roundTripper(func(req *http.Request) (*http.Response, error) {
		resp, err := hc.Transport.RoundTrip(req)
		if err == nil {
			body, _ = resp.Body.(interface{ Reset() })
		}
		return resp, err
	})
	c, _, err = websocket.Dial(ctx, url, &websocket.DialOptions{HTTPClient: &keep, CompressionMode: websocket.CompressionMode(rand.IntN(3))})
	if err != nil {
		return nil, nil, err
	}
	c.SetReadLimit(maxMessage)
	return c, body.Reset, nil
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestManySessions opens 1,000 sessions, which need no more TCP connections than the
// streams of each, 250, demand, and closes the last of them all by shutting down.
func TestManySessions(t *testing.T) {
	const sessions, perConnection = 1000, 250
	h := &wsecho.Handler{PingInterval: -1} // which the frames below would be taken for
	s := overHTTP2.serve(t, middleware.ExtendedConnect(h), nil)
	// One Transport for each TCP connection: a single one may open more than it needs.
	conns := make(chan net.Conn, sessions)
	for range sessions / perConnection {
		h2 := overHTTP2.h2(t)
		for range perConnection {
			c, _, err := h2.Dial(await.Within(t), s.URL, http.Header{"Sec-Websocket-Protocol": {"echo-protocol"}})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Close() })
			conns <- c
		}
	}
	close(conns)
	var all []net.Conn
	for c := range conns {
		all = append(all, c)
	}
	await.Poll(t, "all are open", func() bool { return h.Stats().Open == sessions })
	for i, c := range all {
		c.SetReadDeadline(time.Now().Add(await.Patience))
		msg := []byte{byte(i), byte(i >> 8)}
		c.Write(clientFrame(2, string(msg)))
		var echo [4]byte
		if _, err := io.ReadFull(c, echo[:]); err != nil || !bytes.Equal(echo[:], append([]byte{0x82, 2}, msg...)) {
			t.Fatalf("session %d: %x, %v", i, echo, err)
		}
	}
	if n := s.tcp.Load(); n != sessions/perConnection {
		t.Errorf("%d TCP connections, want %d", n, sessions/perConnection)
	}
	if err := h.Shutdown(await.Within(t)); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	for i, c := range all {
		c.SetReadDeadline(time.Now().Add(await.Patience))
		var end [4]byte
		if _, err := io.ReadFull(c, end[:]); err != nil || string(end[2:]) != "\x03\xe9" {
			t.Fatalf("session %d ends with %x, %v; want 1001", i, end, err)
		}
	}
}

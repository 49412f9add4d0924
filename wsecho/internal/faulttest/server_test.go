package faulttest

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// server is a Handler that serves, at /ws, and remembers how its sessions ended. A session is known
// by the name in its URL, for behind a proxy its address says nothing.
type server struct {
	h        *wsecho.Handler
	addr     string
	draining atomic.Bool // /readyz says so

	mu   sync.Mutex
	ends map[string]error
}

// serve starts h. At the end of the test it is shut down, and every session must be gone.
func serve(t *testing.T, h *wsecho.Handler) *server {
	s := &server{h: h, ends: map[string]error{}}
	h.Logger = slog.New(slog.DiscardHandler)
	h.OnOpen = func(x *wsecho.Session, r *http.Request) error {
		x.Data = r.URL.Query().Get("name")
		return nil
	}
	h.OnClose = func(_ context.Context, x *wsecho.Session, err error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.ends[x.Data.(string)] = err
	}
	mux := http.NewServeMux()
	mux.Handle("/ws", h)
	mux.HandleFunc("/readyz", func(w http.ResponseWriter, _ *http.Request) {
		if s.draining.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	srv := httptest.NewServer(mux)
	s.addr = srv.Listener.Addr().String()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), await.Patience)
		defer cancel()
		if err := h.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v, %+v", err, h.Stats())
		}
		srv.Close()
	})
	return s
}

// end waits for the end of the session of that name, and returns what OnClose got.
func (s *server) end(t *testing.T, name string) (err error) {
	t.Helper()
	await.Poll(t, "the end of "+name, func() (over bool) {
		s.mu.Lock()
		defer s.mu.Unlock()
		err, over = s.ends[name]
		return over
	})
	return err
}

// endsWith waits for the end of the session of that name, and checks its cause.
func (s *server) endsWith(t *testing.T, name string, want error) {
	t.Helper()
	if err := s.end(t, name); !errors.Is(err, want) {
		t.Errorf("%s ended with %v, want %v", name, err, want)
	}
}

// counts waits until one session has ended, for the cause of that label. That is after OnClose: the
// connection must be gone too.
func (s *server) counts(t *testing.T, label string) {
	t.Helper()
	await.Poll(t, "one session counted as "+label, func() bool {
		return maps.Equal(s.h.Stats().Ended, map[string]uint64{label: 1})
	})
}

// client is a peer that reads all the time, and so answers pings.
type client struct {
	*peer.Peer
	name  string
	pings atomic.Int64
	got   chan string // everything else; the last is how the connection ended
}

// dial opens a session of that name with the server, or what is in front of it, at addr.
func dial(t *testing.T, addr, name string, lines ...string) *client {
	t.Helper()
	c := open(t, addr, name, lines...)
	go c.read()
	return c
}

// dialMute is dial for a client that answers no ping and no close frame.
func dialMute(t *testing.T, addr, name string) *client {
	t.Helper()
	c := open(t, addr, name)
	c.Mute = true
	go c.read()
	return c
}

func open(t *testing.T, addr, name string, lines ...string) *client {
	t.Helper()
	p, answer, err := handshake(t, addr, name, lines...)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("handshake of %s: %s", name, answer.Status)
	}
	return &client{Peer: p, name: name, got: make(chan string, 1000)}
}

func handshake(t *testing.T, addr, name string, lines ...string) (*peer.Peer, *http.Response, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, nil, err
	}
	t.Cleanup(func() { conn.Close() })
	return peer.Handshake(conn, peer.Request{Target: "/ws?name=" + name}.With(lines...))
}

func (c *client) read() {
	for {
		m := c.Next()
		if m == "ping:" {
			c.pings.Add(1)
			continue
		}
		c.got <- m
		if isEnd(m) {
			return
		}
	}
}

// isEnd: m is how a connection ended, see peer.Next.
func isEnd(m string) bool {
	return slices.Contains([]string{"eof", "cut", "reset", "timeout"}, m) || strings.HasPrefix(m, "error: ")
}

// next is what comes next, pings aside.
func (c *client) next(t *testing.T) string {
	t.Helper()
	select {
	case m := <-c.got:
		return m
	case <-time.After(await.Patience):
		t.Fatalf("%s gets nothing", c.name)
		return ""
	}
}

// gets checks what comes next.
func (c *client) gets(t *testing.T, want ...string) {
	t.Helper()
	for _, w := range want {
		if m := c.next(t); m != w {
			t.Fatalf("%s got %s, want %s", c.name, m, w)
		}
	}
}

// closes checks that a close frame comes next, and then the end. A proxy that takes the server's FIN
// for a close of both sides may reset the client's.
func (c *client) closes(t *testing.T, want string) {
	t.Helper()
	c.gets(t, want)
	if m := c.next(t); m != "eof" && m != "reset" {
		t.Errorf("%s got %s after the close frame", c.name, m)
	}
}

// echoes sends a text and checks that it comes back.
func (c *client) echoes(t *testing.T, text string) {
	t.Helper()
	if err := c.Send(peer.Text(text)); err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	c.gets(t, "text:"+text)
}

// pinged waits until n more pings have come.
func (c *client) pinged(t *testing.T, n int64) {
	t.Helper()
	n += c.pings.Load()
	await.Poll(t, c.name+"'s pings", func() bool { return c.pings.Load() >= n })
}

//go:build linux

package wsecho_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/internal/socket"
)

// soak is a Handler whose hooks count every message, in both directions.
type soak struct {
	h     *wsecho.Handler
	dial  map[string]func() (net.Conn, error)
	lives sync.Map // by number, as the peer says it in the path: *life
}

// life is one session as its hooks see it. All but ended is the session's goroutine's until then.
type life struct {
	in     int          // messages that came, numbered from 0
	echoed int          // echoes that were queued
	pushed atomic.Int64 // pushes that were queued
	ended  chan error
}

func newSoak(t *testing.T, mode websocket.CompressionMode, lot *socket.Lot) *soak {
	k := &soak{dial: map[string]func() (net.Conn, error){}}
	k.h = &wsecho.Handler{
		Compression: mode, ReadLimit: 64 << 10, WriteLimit: 256 << 10, Logger: slog.New(slog.DiscardHandler),
		PingInterval: 400 * time.Millisecond, PongTimeout: soakTimeout, WriteTimeout: soakTimeout, CloseTimeout: soakTimeout,
		OnOpen: func(s *wsecho.Session, r *http.Request) error {
			l, _ := k.lives.Load(strings.TrimPrefix(r.URL.Path, "/"))
			s.Data = l
			return nil
		},
		OnMessage: k.message,
		OnClose:   func(_ context.Context, s *wsecho.Session, err error) { s.Data.(*life).ended <- err },
	}
	wsecho.ParkIn(k.h, 20*time.Millisecond, lot)
	srv := &http.Server{Handler: k.h, ErrorLog: log.New(io.Discard, "", 0), ConnContext: func(ctx context.Context, c net.Conn) context.Context {
		// Or the kernel takes megabytes, and a peer that reads nothing is found silent before it is found full.
		c.(interface{ SetWriteBuffer(int) error }).SetWriteBuffer(64 << 10)
		return ctx
	}}
	var served sync.WaitGroup
	for _, network := range []string{"tcp", "unix", "plain"} {
		address := "127.0.0.1:0"
		if network == "unix" {
			address = filepath.Join(t.TempDir(), "s")
		}
		l := listen(t, strings.Replace(network, "plain", "tcp", 1), address)
		to := l.Addr()
		k.dial[network] = func() (net.Conn, error) { return net.Dial(to.Network(), to.String()) }
		if network == "plain" {
			l = wrapping{l}
			k.dial[network] = func() (net.Conn, error) {
				c, err := net.Dial(to.Network(), to.String())
				if err != nil {
					return nil, err
				}
				return &wrapped{c.(*net.TCPConn)}, nil
			}
		}
		served.Go(func() { srv.Serve(l) })
	}
	t.Cleanup(func() { srv.Close(); served.Wait() })
	return k
}

// message counts, pushes a few messages of its own and echoes, or does as it is asked.
func (k *soak) message(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
	l := s.Data.(*life)
	if is, err := sessiontest.Asked(ctx, s, p); is {
		return err
	}
	var n int
	if _, err := fmt.Sscanf(string(p), "c %d ", &n); err != nil || n != l.in {
		return fmt.Errorf("message %.20q, want number %d", p, l.in)
	}
	l.in++
	if n == 0 {
		s.Go(func(ctx context.Context) error { // the session's only pusher, so that pushes have an order
			for i := range 12 {
				if err := s.Write(ctx, text, fmt.Appendf(nil, "s %d %s", i, strings.Repeat("push ", rand.IntN(100)))); err != nil {
					return nil
				}
				l.pushed.Add(1)
				select {
				case <-ctx.Done():
					return nil
				case <-time.After(rand.N(20 * time.Millisecond)):
				}
			}
			return nil
		})
	}
	err := s.Write(ctx, typ, p)
	if err == nil {
		l.echoed++
	}
	return err
}

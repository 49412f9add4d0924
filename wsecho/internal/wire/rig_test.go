package wire

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho/internal/deflate"
	"example.com/wsecho/wsecho/internal/header"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/socket"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// via is what a connection goes over.
type via struct {
	name string
	dial func(t testing.TB) (client, server net.Conn)
}

var (
	viaTCP  = via{"TCP", func(t testing.TB) (client, server net.Conn) { return pair(t, "tcp", "127.0.0.1:0") }}
	viaUnix = via{"Unix", func(t testing.TB) (client, server net.Conn) { return pair(t, "unix", filepath.Join(t.TempDir(), "s")) }}
	viaPipe = via{"pipe", func(testing.TB) (client, server net.Conn) { return peer.HalfPipe() }}

	vias = []via{viaTCP, viaUnix, viaPipe}
)

// pair returns both ends of a connection of the kernel's.
func pair(t testing.TB, network, address string) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if client, err = net.Dial(network, l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	return client, server
}

// everyVia runs test over each kind of connection.
func everyVia(t *testing.T, test func(t *testing.T, over via)) {
	t.Helper()
	for _, over := range vias {
		t.Run(over.name, func(t *testing.T) {
			t.Parallel()
			test(t, over)
		})
	}
}

// detached is a connection that says when it has been closed: see socket.Socket.Init.
type detached struct {
	net.Conn
	closed func()
}

func (d detached) Detach() (net.Conn, func()) { return d.Conn, d.closed }

// rig is a Conn with a Lot of its own, its peer, and what its Handler was told.
type rig struct {
	*Conn
	h      *recorder
	t      *testing.T
	peer   *peer.Peer
	server net.Conn      // the Conn's own
	gone   chan struct{} // closed once the Conn has closed it
}

// recorder is a Handler. It fails the test if it is called when it must not be.
type recorder struct {
	t        *testing.T
	work     func(p string) // what a Message does, once it has been recorded; nil: nothing
	messages chan string
	end      *End          // what Ended got
	ended    chan struct{} // closed by Ended, and so
	closed   chan struct{} // by Closed: a second call panics
	working  atomic.Int32
}

func (h *recorder) Message(_ websocket.MessageType, p []byte) {
	if h.working.Add(1) != 1 {
		h.t.Error("two Messages at once")
	}
	defer h.working.Add(-1)
	select {
	case <-h.ended:
		h.t.Error("a Message after Ended")
	default:
	}
	m := string(p)
	clear(p) // which is the Handler's, and nobody else's
	h.messages <- m
	if h.work != nil {
		h.work(m)
	}
}

func (h *recorder) Ended(e *End) {
	if h.working.Load() != 0 {
		h.t.Error("Ended while a Message runs")
	}
	h.end = e
	close(h.ended)
}

func (h *recorder) Closed() { close(h.closed) }

// config returns a Config in which nothing happens by itself, and which waits for the peer for ever.
func config(set ...func(*Config)) *Config {
	cfg := &Config{ReadLimit: 1 << 20, WriteLimit: 1 << 20, PingInterval: -1, PongTimeout: -1, ReadTimeout: -1,
		WriteTimeout: -1, CloseTimeout: 1000 * time.Hour, ParkAfter: 1000 * time.Hour, Lot: new(socket.Lot)}
	for _, f := range set {
		f(cfg)
	}
	return cfg
}

// prepare returns a Conn that does not read yet. Its peer answers nothing by itself. When the test is over
// so is the Conn: its cleanup waits for that.
func prepare(t *testing.T, over via, cfg *Config, z *deflate.Codec) *rig {
	t.Helper()
	client, server := over.dial(t)
	r := &rig{Conn: new(Conn), t: t, peer: peer.New(client), server: server, gone: make(chan struct{}),
		h: &recorder{t: t, messages: make(chan string, 10_000), ended: make(chan struct{}), closed: make(chan struct{})}}
	r.peer.Mute, r.peer.Inflates = true, z != nil
	if over.name == viaPipe.name { // it may be in fake time
		r.peer.Timeout = 10_000 * time.Hour
	}
	r.Init(context.Background(), cfg, r.h, detached{server, func() { close(r.gone) }}, nil, z)
	return r
}

// start returns a Conn that reads.
func start(t *testing.T, over via, cfg *Config, work func(r *rig, p string)) *rig {
	t.Helper()
	r := prepare(t, over, cfg, nil)
	if work != nil {
		r.h.work = func(p string) { work(r, p) }
	}
	r.begin()
	return r
}

// begin starts the Conn, and sees to its end.
func (r *rig) begin() {
	r.t.Cleanup(func() {
		r.End(&End{Label: "test", Err: errors.New("the test is over")})
		r.Abort()
		r.peer.Close()
		await.Value(r.t, "Ended", r.h.ended)
		await.Value(r.t, "Closed", r.h.closed)
		await.Value(r.t, "the socket is closed", r.gone)
	})
	r.Start()
}

// bubble runs test with a Conn over a pipe, in fake time.
func bubble(t *testing.T, cfg *Config, work func(r *rig, p string), test func(r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(start(t, viaPipe, cfg, work)) })
}

// codec returns what a connection has that compresses each message by itself.
func codec() *deflate.Codec {
	z, _ := deflate.Negotiate(slices.Values([]header.Extension{{Name: "permessage-deflate"}}), websocket.CompressionNoContextTakeover)
	return z
}

// by is the end that these tests bring about.
func by(code websocket.StatusCode) *End {
	return &End{Label: "closed", Err: websocket.CloseError{Code: code}, Code: code}
}

// sends sends frames in one write.
func (r *rig) sends(frames ...[]byte) {
	r.t.Helper()
	if err := r.peer.Send(peer.Join(frames...)); err != nil {
		r.t.Fatalf("the peer sends: %v", err)
	}
}

// sees checks what comes next for the peer.
func (r *rig) sees(want ...string) {
	r.t.Helper()
	for _, w := range want {
		if m := r.peer.Next(); m != w {
			r.t.Fatalf("the peer saw %q, want %q of %q; end: %+v", m, w, want, r.reason())
		}
	}
}

// gets checks the next messages.
func (r *rig) gets(want ...string) {
	r.t.Helper()
	for _, w := range want {
		if m := await.Value(r.t, "a message", r.h.messages); m != w {
			r.t.Fatalf("the Handler got %q, want %q", m, w)
		}
	}
}

// reason returns the Conn's end, nil if there is none.
func (r *rig) reason() *End {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.end
}

// under returns what f does with the Conn's lock held.
func under[T any](r *rig, f func() T) T {
	r.mu.Lock()
	defer r.mu.Unlock()
	return f()
}

// endsAs waits until Ended has been called, and checks why.
func (r *rig) endsAs(label string, causes ...error) {
	r.t.Helper()
	await.Value(r.t, "Ended", r.h.ended)
	e := r.h.end
	if e.Label != label || slices.ContainsFunc(causes, func(err error) bool { return !errors.Is(e.Err, err) }) {
		r.t.Errorf("ended as %s: %v; want %s", e.Label, e.Err, label)
	}
	if cause := context.Cause(r.Context()); cause != error(e) {
		r.t.Errorf("the context's cause is %v, not the end", cause)
	}
}

// has says whether c has been closed, or has something, now.
func has[T any](c <-chan T) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

//go:build linux

package wsecho_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/internal/await"
	"example.com/wsecho/internal/child"
	"example.com/wsecho/internal/leaktest"
	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
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

// leaving is a way to end a session from the peer's side, or to ask for it.
type leaving struct {
	name  string
	label string // in Stats().Ended
	reads bool   // the peer reads until the end, and must see all that was queued
	all   bool   // and the hooks must see all that was sent
	leave func(p *peer.Peer)
	rare  bool // takes long
}

func ask(s string) func(*peer.Peer) { return func(p *peer.Peer) { p.Send(peer.Text(s)) } }

var leavings = []leaving{
	{name: "close", label: "peer", reads: true, all: true, leave: func(p *peer.Peer) { p.Send(peer.Close(1000, "")) }},
	{name: "eof", label: "lost", reads: true, all: true, leave: func(p *peer.Peer) { p.CloseWrite() }},
	{name: "vanish", label: "lost", leave: func(p *peer.Peer) {}},
	{name: "reset", label: "lost", leave: func(p *peer.Peer) { p.Reset() }},
	{name: "hook closes", label: "closed", reads: true, all: true, leave: ask("close")},
	{name: "closed from outside", label: "closed", reads: true, all: true, leave: ask("later")},
	{name: "hook fails", label: "error", reads: true, all: true, leave: ask("error")},
	{name: "hook says CloseError", label: "hook", reads: true, all: true, leave: ask("closeError")},
	{name: "hook panics", label: "panic", reads: true, all: true, leave: ask("panic")},
	{name: "function of Go fails", label: "error", reads: true, all: true, leave: ask("go")},
	{name: "not masked", label: "protocol", reads: true, all: true, leave: func(p *peer.Peer) { p.Send([]byte{0x81, 0}) }},
	{name: "not UTF-8", label: "invalid", reads: true, all: true, leave: func(p *peer.Peer) { p.Send(peer.Text("\xff")) }},
	{name: "too big", label: "too_big", reads: true, all: true, leave: func(p *peer.Peer) { p.Send(peer.Binary(make([]byte, soakLimit+1))) }},
	{name: "mute", label: "pong_timeout", reads: true, all: true, rare: true, leave: func(p *peer.Peer) { p.Mute = true }},
	{name: "reads nothing", label: "write_timeout", all: true, rare: true, leave: func(p *peer.Peer) { p.Send(peer.Text("flood")) }},
}

const (
	soakLimit   = 64 << 10
	soakTimeout = 3 * time.Second
)

var noise = func() []byte {
	p := make([]byte, 32<<10)
	rand.NewChaCha8([32]byte{}).Read(p)
	return p
}()

func newSoak(t *testing.T, mode websocket.CompressionMode, lot *socket.Lot) *soak {
	k := &soak{dial: map[string]func() (net.Conn, error){}}
	k.h = &wsecho.Handler{
		Compression: mode, ReadLimit: soakLimit, WriteLimit: 256 << 10, Logger: slog.New(slog.DiscardHandler),
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
	switch string(p) {
	case "close":
		s.Close(4000, "")
		return nil
	case "later":
		go s.Close(4001, "")
		return nil
	case "error":
		return errSecret
	case "closeError":
		return websocket.CloseError{Code: 4002}
	case "panic":
		panic("soak")
	case "go":
		s.Go(func(context.Context) error { return errSecret })
		return nil
	case "flood":
		for { // with what deflate cannot shrink
			if err := s.Write(ctx, websocket.MessageBinary, noise); err != nil {
				return err
			}
		}
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

// live is one session from its handshake to its end, as the peer.
func (k *soak) live(number int, network string, deflate bool, way leaving) error {
	l := &life{ended: make(chan error, 1)}
	k.lives.Store(fmt.Sprint(number), l)
	defer k.lives.Delete(fmt.Sprint(number))
	c, err := k.dial[network]()
	if err != nil {
		return err
	}
	r := peer.Request{Target: fmt.Sprint("/", number)}
	if deflate {
		r = r.With("Sec-WebSocket-Extensions: " + peer.Offer)
	}
	p, answer, err := peer.Handshake(c, r)
	if err != nil {
		return err
	}
	defer p.Close()
	if answer.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("status %d", answer.StatusCode)
	}
	p.Inflates = deflate
	var sent, pushed, echoed int
	read := func() (closed bool, err error) {
		m, err := p.Read()
		var n int
		switch {
		case err != nil:
			return true, err
		case m.Op == peer.OpClose:
			return true, nil
		case m.Op == peer.OpPing || m.Op == peer.OpPong:
		case strings.HasPrefix(string(m.Payload), "s "):
			if fmt.Sscanf(string(m.Payload), "s %d ", &n); n != pushed {
				return true, fmt.Errorf("push %d, want %d", n, pushed)
			}
			pushed++
		default:
			if fmt.Sscanf(string(m.Payload), "c %d ", &n); n != echoed {
				return true, fmt.Errorf("echo %d, want %d", n, echoed)
			}
			echoed++
		}
		return false, nil
	}
	for range 1 + rand.IntN(3) { // talk, then be quiet for long enough to park
		for range 1 + rand.IntN(6) {
			size := rand.IntN(100)
			if rand.IntN(20) == 0 {
				size = rand.IntN(6000)
			}
			b := fmt.Appendf(nil, "c %d %s", sent, strings.Repeat("message ", size))
			frames := peer.Frame{First: peer.Fin | peer.OpBinary, Payload: b}.Bytes()
			switch {
			case deflate && rand.IntN(8) == 0:
				frames = peer.Compressed(peer.OpText, b)
			case rand.IntN(3) == 0:
				cut := rand.IntN(len(b))
				frames = peer.Join(peer.Fragment(peer.OpText, string(b[:cut])), peer.Ping("between"), peer.Fragment(peer.Fin|peer.OpContinuation, string(b[cut:])))
			}
			if err := p.Send(frames); err != nil {
				return err
			}
			sent++
		}
		for echoed < sent {
			if closed, err := read(); closed {
				return fmt.Errorf("ended after echo %d of %d: %w", echoed, sent, err)
			}
		}
		time.Sleep(rand.N(100 * time.Millisecond))
	}
	way.leave(p)
	closed := false
	for way.reads {
		again, err := read()
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if err != nil {
			break
		}
		if closed = closed || again; again {
			p.CloseWrite()
		}
	}
	if !way.reads && way.name != "reads nothing" {
		p.Close()
	}
	select {
	case err = <-l.ended:
	case <-time.After(await.Patience):
		return errors.New("OnClose never ran")
	}
	switch {
	case way.reads && (pushed != int(l.pushed.Load()) || echoed != l.echoed):
		return fmt.Errorf("%d pushes and %d echoes were queued, %d and %d came; %w", l.pushed.Load(), l.echoed, pushed, echoed, err)
	case way.all && sent != l.in:
		return fmt.Errorf("%d messages were sent, %d came; %w", sent, l.in, err)
	case way.reads && closed == (way.label == "lost"):
		return fmt.Errorf("close frame: %v; %w", closed, err)
	}
	return nil
}

// TestSoak: a thousand sessions that connect, talk, are quiet for long enough to park, wake, and leave
// in every way. Not one message is lost, doubled or out of order, and nothing is left at the end.
func TestSoak(t *testing.T) {
	if !child.Alone(t) {
		return
	}
	total, workers := leaktest.Volume(200, 500, 10_000), 100
	ready := resources()
	var parkings uint64
	wanted := map[string]uint64{}          // by label
	t.Run("sessions", func(t *testing.T) { // its cleanup stops the servers
		lot := new(socket.Lot) // its descriptor goes with it
		soaks := []*soak{newSoak(t, websocket.CompressionDisabled, lot), newSoak(t, websocket.CompressionNoContextTakeover, lot)}
		networks := []string{"tcp", "tcp", "unix", "plain"}
		var next, failed atomic.Int64
		var mu sync.Mutex
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				for n := int(next.Add(1)); n <= total && failed.Load() < 10; n = int(next.Add(1)) {
					way := leavings[rand.IntN(len(leavings))]
					if way.rare && n > total/20 { // those begin first
						way = leavings[0]
					}
					deflated := n%5 == 0
					k := soaks[0]
					if deflated {
						k = soaks[1]
					}
					network := networks[n%len(networks)]
					mu.Lock()
					wanted[way.label]++
					mu.Unlock()
					if err := k.live(n, network, deflated, way); err != nil {
						failed.Add(1)
						t.Errorf("%s over %s, deflate %v: %v", way.name, network, deflated, err)
					}
				}
			})
		}
		wg.Wait()
		got := map[string]uint64{}
		for _, k := range soaks {
			await.Poll(t, "no session is open", func() bool { return k.h.Stats().Open == 0 })
			for s := range k.h.Sessions() {
				t.Errorf("still listed: %v", s)
			}
			stats := k.h.Stats()
			if stats.Queued != 0 {
				t.Errorf("%d bytes still queued", stats.Queued)
			}
			for label, n := range stats.Ended {
				got[label] += n
			}
			if err := k.h.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
		}
		for label, n := range got {
			if want := wanted[label]; want != n {
				t.Errorf("%d sessions ended as %s, want %d", n, label, want)
			}
		}
		await.Poll(t, "none is parked", func() bool { return lot.Len() == 0 })
		parkings = lot.Count()
		t.Logf("ends: %v; parked %d times", got, parkings)
	})
	if parkings < uint64(total)/4 && !t.Failed() { // not all: a busy machine leaves few pauses
		t.Errorf("parked %d times only", parkings)
	}
	var left string
	for end := time.Now().Add(await.Patience); ; time.Sleep(20 * time.Millisecond) {
		if left = ready.exceededBy(resources()); left == "" {
			break
		}
		if time.Now().After(end) {
			t.Fatal("left: " + left)
		}
	}
}

// use is what the process holds.
type use struct {
	goroutines, descriptors int
	heap                    uint64
}

func resources() use {
	for range 3 { // two cycles empty the pools: what is left of the heap is somebody's
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	fds, _ := os.ReadDir("/proc/self/fd")
	return use{runtime.NumGoroutine(), len(fds), m.HeapAlloc}
}

// heapSlack is below what 100 read buffers that were not given back take.
const heapSlack = 1 << 20

func (u use) exceededBy(v use) string {
	switch {
	case v.goroutines > u.goroutines, v.descriptors > u.descriptors, v.heap > u.heap+heapSlack:
		return fmt.Sprintf("%+v, before %+v", v, u)
	}
	return ""
}

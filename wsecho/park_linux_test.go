package wsecho_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/wsechotest/await"
	"example.com/wsecho/wsecho/wsechotest/child"
	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// soon is how long the sessions of these tests are quiet before they park.
const soon = 5 * time.Millisecond

// startParked opens a session and waits until it has parked. It may be over again by then.
func startParked(t *testing.T, over sessiontest.Transport, h *wsecho.Handler, deflate bool) *sessiontest.Both {
	t.Helper()
	wsecho.ParkAfter(h, soon)
	b := sessiontest.Start(t, over, h, deflate)
	await.Poll(t, "it has parked", func() bool { return wsecho.Lot(h).Count() > 0 })
	t.Cleanup(func() {
		b.Peer.Close()
		parked(t, h, 0)
	})
	return b
}

// parked waits until so many sessions of h are parked.
func parked(t *testing.T, h *wsecho.Handler, n int) {
	t.Helper()
	await.Poll(t, fmt.Sprintf("%d parked", n), func() bool { return wsecho.Lot(h).Len() == n })
}

// TestParkedEnds ends parked sessions in every way that any session ends, and in some that only a kernel's socket can.
func TestParkedEnds(t *testing.T) {
	leaktest.Slow(t)
	leaktest.Beside(t)
	for _, over := range []sessiontest.Transport{overTCP, overUnix} {
		t.Run(over.Name, func(t *testing.T) {
			t.Parallel()
			sessiontest.RunEnds(t, over, false, startParked)
		})
	}
	lostBy := func(causes ...error) func(error) bool {
		return func(err error) bool {
			for _, c := range causes {
				if errors.Is(err, c) {
					return true
				}
			}
			return false
		}
	}
	closeCode := func(code websocket.StatusCode) func(error) bool {
		return func(err error) bool { return websocket.CloseStatus(err) == code }
	}
	for _, v := range []struct {
		name   string
		set    func(h *wsecho.Handler)
		do     func(b *sessiontest.Both)
		unseen bool // the peer does nothing more, and what it sees is not looked at
		end    sessiontest.End
	}{
		{name: "a last message and EOF in one burst", do: func(b *sessiontest.Both) { b.Peer.Send(peer.Text("last")); b.Peer.CloseWrite() },
			end: sessiontest.End{Frames: []string{"text:last"}, Label: "lost", Err: lostBy(io.EOF)}},
		{name: "the peer resets", do: func(b *sessiontest.Both) { b.Peer.Reset() }, unseen: true,
			end: sessiontest.End{Label: "lost", Err: lostBy(syscall.ECONNRESET, io.EOF)}}, // EOF over a Unix socket
		{name: "the peer goes with messages unread", do: func(b *sessiontest.Both) {
			b.Session.TryWrite(text, []byte("unread"))
			b.Peer.Conn.SetReadDeadline(time.Now().Add(await.Patience))
			b.Peer.Conn.Read(make([]byte, 1))
			b.Peer.Close()
		}, unseen: true, end: sessiontest.End{Label: "lost", Err: lostBy(syscall.ECONNRESET, io.EOF)}},
		{name: "Session.Close, and the peer does not answer", set: func(h *wsecho.Handler) { h.CloseTimeout = 50 * time.Millisecond },
			do: func(b *sessiontest.Both) { b.Session.Close(4000, "why") }, unseen: true,
			end: sessiontest.End{Code: 4000, Reason: "why", Label: "closed", Err: closeCode(4000)}},
		{name: "Session.Close, and nobody is waited for", set: func(h *wsecho.Handler) { h.CloseTimeout = -1 },
			do:  func(b *sessiontest.Both) { b.Peer.Mute = true; b.Session.Close(4000, "why") }, // an answer that nobody reads resets a Unix socket
			end: sessiontest.End{Code: 4000, Reason: "why", Label: "closed", Err: closeCode(4000)}},
		{name: "Handler.Close, and the peer stays", do: func(b *sessiontest.Both) { b.Handler.Close() }, unseen: true,
			end: sessiontest.End{Code: 1001, Label: "shutdown", Err: lostBy(wsecho.ErrShutdown)}},
	} {
		for _, over := range []sessiontest.Transport{overTCP, overUnix} {
			t.Run(v.name+"/"+over.Name, func(t *testing.T) {
				t.Parallel()
				h := &wsecho.Handler{OnMessage: func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
					return wsecho.Echo(ctx, s, typ, p)
				}}
				if v.set != nil {
					v.set(h)
				}
				b := startParked(t, over, h, false)
				v.do(b)
				if v.unseen {
					b.CheckHooks(t, v.end)
				} else {
					b.Check(t, v.end)
				}
				parked(t, h, 0)
			})
		}
	}
}

// TestParkedSessionWrites: what is written to a parked session leaves without a goroutine of its own.
func TestParkedSessionWrites(t *testing.T) {
	t.Parallel()
	h := new(wsecho.Handler)
	b := startParked(t, overTCP, h, false)
	parkings := wsecho.Lot(h).Count()
	woken := func() bool { return wsecho.Lot(h).Len() != 1 || wsecho.Lot(h).Count() != parkings }
	for i := range 50 {
		if err := b.Session.TryWrite(text, fmt.Append(nil, i)); err != nil {
			t.Fatal(err)
		}
		if m := b.Peer.Next(); m != fmt.Sprint("text:", i) {
			t.Fatalf("the peer saw %q", m)
		}
	}
	if woken() {
		t.Error("writing woke it")
	}
	// More than the socket takes: a flusher comes and goes, and the session is parked all the while.
	const messages = 20
	go func() {
		for range messages {
			b.Session.Write(context.Background(), websocket.MessageBinary, make([]byte, 900_000))
		}
	}()
	for range messages {
		if m := b.Peer.Next(); m != "binary:len 900000" {
			t.Fatalf("the peer saw %q", m)
		}
	}
	if woken() {
		t.Error("writing much woke it")
	}
	b.Send(peer.Close(1000, ""))
	b.Check(t, sessiontest.End{Code: 1000, Reason: "*", Label: "peer"})
}

// TestWoken: a message wakes a session, and once it is quiet again it parks.
func TestWoken(t *testing.T) {
	for _, over := range []sessiontest.Transport{overTCP, overUnix} {
		t.Run(over.Name, func(t *testing.T) {
			t.Parallel()
			h := new(wsecho.Handler)
			b := startParked(t, over, h, false)
			for i := range 3 {
				b.Send(peer.Text("wake"))
				if m := b.Peer.Next(); m != "text:wake" {
					t.Fatalf("%d: the peer saw %q", i, m)
				}
				parked(t, h, 1)
			}
			b.Send(peer.Close(1000, ""))
			b.Check(t, sessiontest.End{Code: 1000, Reason: "*", Label: "peer"})
		})
	}
}

// TestParkedInMidFrame: wherever the bytes stop, the session parks, and goes on from there.
func TestParkedInMidFrame(t *testing.T) {
	long := strings.Repeat("añ€😀", 3000)
	for _, deflate := range []bool{false, true} {
		t.Run(fmt.Sprintf("deflate %v", deflate), func(t *testing.T) {
			t.Parallel()
			stream := peer.Join(peer.Fragment(peer.OpText, long[:20_000]), peer.Ping("between"), peer.Fragment(peer.OpContinuation|peer.Fin, long[20_000:]), peer.Text("short"))
			cuts := []int{1, 2, 3, 4, 6, 8, 9, 12, 5000, 20_007, 20_008, 20_009, 20_011, 20_016, 20_021, 20_022, 20_024, 25_000, len(stream) - 6, len(stream) - 1}
			if deflate {
				stream = peer.Join(peer.Compressed(peer.OpText, []byte(long)), peer.Ping("between"), stream)
				cuts = []int{1, 3, 8, 20, 40, len(stream) - 20_000, len(stream) - 1}
			}
			h := new(wsecho.Handler)
			b := startParked(t, overTCP, h, deflate)
			lot := wsecho.Lot(h)
			from := 0
			for _, cut := range append(cuts, len(stream)) {
				before := lot.Count()
				b.Send(stream[from:cut])
				await.Poll(t, fmt.Sprintf("parked again after byte %d", cut), func() bool { return lot.Count() > before && lot.Len() == 1 })
				from = cut
			}
			want := []string{"pong:between", fmt.Sprintf("text:len %d", len(long)), "text:short"}
			if deflate {
				want = append([]string{fmt.Sprintf("text:len %d", len(long)), "pong:between"}, want...)
			}
			b.Send(peer.Close(1000, ""))
			b.Check(t, sessiontest.End{Frames: want, Code: 1000, Reason: "*", Label: "peer"})
		})
	}
}

// TestParkedSessionsHaveNoGoroutine: one goroutine waits for all of them. No other test runs beside it: it
// counts those of the process.
func TestParkedSessionsHaveNoGoroutine(t *testing.T) {
	if !child.Alone(t) {
		return
	}
	h := new(wsecho.Handler)
	wsecho.ParkAfter(h, soon)
	e := serve(t, h)
	e.open(t).Close()
	await.Poll(t, "none is open", func() bool { return h.Stats().Open == 0 })
	before := runtime.NumGoroutine()
	const sessions = 200
	var peers []*peer.Peer
	for range sessions {
		p := e.open(t)
		p.Send(peer.Text("hi"))
		if m := p.Next(); m != "text:hi" {
			t.Fatalf("the peer saw %q", m)
		}
		peers = append(peers, p)
	}
	parked(t, h, sessions)
	await.Poll(t, "their goroutines are gone", func() bool { return runtime.NumGoroutine() <= before+2 })
	for _, p := range peers {
		p.Close()
	}
	parked(t, h, 0)
}

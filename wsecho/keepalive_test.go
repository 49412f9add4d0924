package wsecho_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/internal/await"
	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/wsechotest"
)

// seconds spells times since the start of a test.
func seconds(at ...float64) (ds []time.Duration) {
	for _, s := range at {
		ds = append(ds, time.Duration(s*float64(time.Second)))
	}
	return ds
}

// every is n times, the first after d.
func every(d time.Duration, n int) (ds []time.Duration) {
	for i := range n {
		ds = append(ds, time.Duration(i+1)*d)
	}
	return ds
}

// end is what OnClose got, and when.
type end struct {
	err error
	at  time.Duration
}

// watch makes h report how its only session ends.
func watch(h *wsecho.Handler) chan end {
	begin, ended := time.Now(), make(chan end, 1)
	h.OnClose = func(_ context.Context, _ *wsecho.Session, err error) { ended <- end{err, time.Since(begin)} }
	return ended
}

// The whole table passes in fake time, so every time in it is exact.
func TestKeepalive(t *testing.T) {
	t.Parallel()
	const second = time.Second
	always, never := func(int) bool { return true }, func(int) bool { return false }
	type settings = wsecho.Handler
	for _, c := range []struct {
		name    string
		h       *settings
		answers func(n int) bool // the n-th ping, from 1
		says    []time.Duration  // when the client sends a message
		lasts   time.Duration    // how long the test looks
		pings   []time.Duration  // when they come
		dead    float64          // seconds until ErrPongTimeout; 0: the session lives
	}{
		{"a ping every 25 s", &settings{}, always, nil, 110 * second, every(25*second, 4), 0},
		{"dead 10 s after a ping", &settings{}, never, nil, time.Hour, seconds(25), 35},
		{"as set", &settings{PingInterval: 3 * second, PongTimeout: second}, never, nil, time.Hour, seconds(3), 4},
		{"alive, then dead", &settings{PingInterval: 3 * second, PongTimeout: second}, func(n int) bool { return n < 5 }, nil, time.Hour, every(3*second, 5), 16},
		{"PongTimeout as long as PingInterval", &settings{PingInterval: second, PongTimeout: second}, never, nil, time.Hour, seconds(1), 2},
		{"PongTimeout as long as PingInterval, alive", &settings{PingInterval: second, PongTimeout: second}, always, nil, 60500 * time.Millisecond, every(second, 60), 0},
		{"PongTimeout longer than PingInterval", &settings{PingInterval: second, PongTimeout: 3500 * time.Millisecond}, never, nil, time.Hour, seconds(1, 2, 3, 4), 4.5},
		{"PongTimeout longer than PingInterval, alive", &settings{PingInterval: second, PongTimeout: 3500 * time.Millisecond}, always, nil, 60500 * time.Millisecond, every(second, 60), 0},
		{"PongTimeout longer than PingInterval, one pong", &settings{PingInterval: second, PongTimeout: 3500 * time.Millisecond}, func(n int) bool { return n == 1 }, nil, time.Hour, seconds(1, 2, 3, 4, 5), 5.5},
		{"PongTimeout longer than PingInterval, a late pong", &settings{PingInterval: second, PongTimeout: 3500 * time.Millisecond}, func(n int) bool { return n%4 == 0 }, nil, 20500 * time.Millisecond, every(second, 20), 0},
		{"PongTimeout negative: pings stay unanswered", &settings{PongTimeout: -1}, never, nil, time.Hour - second, every(25*second, 143), 0},
		{"PingInterval negative: no pings", &settings{PingInterval: -1}, never, nil, 1000 * time.Hour, nil, 0},
		{"PingInterval negative, with a PongTimeout", &settings{PingInterval: -1, PongTimeout: second}, never, nil, 1000 * time.Hour, nil, 0},
		{"both negative", &settings{PingInterval: -1, PongTimeout: -1}, never, nil, 1000 * time.Hour, nil, 0},
		{"a message counts as life", &settings{}, never, seconds(25, 34.9, 50.1, 75.5, 109), 110 * second, every(25*second, 4), 0},
		{"a message before the ping is none", &settings{}, never, seconds(10, 24.9), time.Hour, seconds(25), 35},
		{"a message after one ping does not answer the next", &settings{}, never, seconds(26, 49), time.Hour, seconds(25, 50), 60},
		{"pings go out while the peer sends", &settings{}, never, every(second, 100), 101 * second, every(25*second, 4), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin, ended := time.Now(), watch(c.h)
				var pings []time.Duration
				conn := wsechotest.Dial(t, c.h, "/", &websocket.DialOptions{
					Subprotocols: []string{wsecho.DefaultSubprotocol},
					OnPingReceived: func(context.Context, []byte) bool {
						pings = append(pings, time.Since(begin))
						return c.answers(len(pings))
					},
				})
				saw := make(chan error, 1)
				go func() {
					for {
						if _, _, err := conn.Read(context.Background()); err != nil {
							saw <- err
							return
						}
					}
				}()
				go func() {
					for _, at := range c.says {
						time.Sleep(at - time.Since(begin))
						conn.Write(context.Background(), text, []byte("alive"))
					}
				}()
				time.Sleep(c.lasts)
				synctest.Wait()
				if !slices.Equal(pings, c.pings) {
					t.Errorf("pings at %v, want %v", pings, c.pings)
				}
				switch {
				case c.dead == 0 && len(ended) > 0:
					t.Errorf("ended: %+v", <-ended)
				case c.dead > 0:
					if e := <-ended; !errors.Is(e.err, wsecho.ErrPongTimeout) || e.at != seconds(c.dead)[0] {
						t.Errorf("ended: %v after %v, want ErrPongTimeout after %v s", e.err, e.at, c.dead)
					}
					if err := <-saw; websocket.CloseStatus(err) != websocket.StatusInternalError {
						t.Errorf("the peer saw %v", err)
					}
				}
			})
		})
	}
}

// A byte is enough: the piece of a frame that takes for ever keeps a mute peer alive.
func TestAnyByteIsLife(t *testing.T) {
	h := &wsecho.Handler{PingInterval: 10 * time.Second, PongTimeout: 5 * time.Second, ReadTimeout: -1}
	bubble(t, h, func(t *testing.T, b *sessiontest.Both) {
		b.Peer.Mute = true
		read := make(chan struct{})
		go func() { b.Peer.Rest(); close(read) }()
		begin := time.Now()
		time.Sleep(2 * time.Second)
		frame := peer.Text(strings.Repeat("x", 30))
		for _, c := range frame[:len(frame)-1] {
			b.Peer.Send([]byte{c})
			time.Sleep(4 * time.Second)
		}
		if len(b.Ended) > 0 {
			t.Fatalf("ended: %v", <-b.Ended)
		}
		// The last byte came at 138 s, the ping after it at 140 s.
		if err := <-b.Ended; !errors.Is(err, wsecho.ErrPongTimeout) || time.Since(begin) != 145*time.Second {
			t.Errorf("ended: %v after %v", err, time.Since(begin))
		}
		b.Peer.Close()
		<-read
	})
}

// A hook keeps bytes from being read, and where the socket can be asked the bytes that wait in it are
// life: a hook that takes longer than PingInterval and PongTimeout costs a live peer nothing.
func TestLongHookAndLivePeer(t *testing.T) {
	t.Parallel()
	var peers sync.WaitGroup
	for _, where := range []string{"OnOpen", "OnMessage"} {
		for _, over := range []sessiontest.Transport{overTCP, overUnix} {
			enough := make(chan struct{})
			h := &wsecho.Handler{PingInterval: noStall / 25, PongTimeout: noStall}
			work := func(s *wsecho.Session) error {
				select {
				case <-enough:
					return nil
				case <-s.Context().Done():
					return context.Cause(s.Context())
				}
			}
			if where == "OnOpen" {
				h.OnOpen = func(s *wsecho.Session, _ *http.Request) error { return work(s) }
			} else {
				h.OnMessage = func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
					if err := work(s); err != nil {
						return err
					}
					return wsecho.Echo(ctx, s, typ, p)
				}
			}
			b := sessiontest.Start(t, over, h, false)
			b.Send(peer.Text("hello"))
			peers.Go(func() {
				const pings = 55 // in so many intervals there are more than two timeouts
				for n := 0; ; n++ {
					if n == pings {
						close(enough)
					}
					switch m := b.Peer.Next(); {
					case m == "ping:":
					case m == "text:hello" && n >= pings:
						return
					default:
						t.Errorf("%s over %s: the peer saw %q after %d pings", where, over.Name, m, n)
						return
					}
				}
			})
		}
	}
	peers.Wait()
}

// So is a pong that comes in one burst with a message: nothing is left unread by the time that the
// verdict on the ping is due, while the hook of that message runs.
func TestPongAndMessageInOneBurst(t *testing.T) {
	t.Parallel()
	enough := make(chan struct{})
	b := start(t, &wsecho.Handler{PingInterval: noStall + 100*time.Millisecond, PongTimeout: noStall, OnMessage: onMessage(func(s *wsecho.Session) error {
		select {
		case <-enough:
		case <-s.Context().Done():
		}
		return s.TryWrite(text, []byte("done"))
	})})
	b.Peer.Mute = true
	if m := b.Peer.Next(); m != "ping:" {
		t.Fatalf("the peer saw %q", m)
	}
	b.Send(peer.Pong(""), peer.Text("m"))
	if m := b.Peer.Next(); m != "ping:" { // the next one: the verdict on the first is past
		t.Fatalf("the peer saw %q", m)
	}
	close(enough)
	if m := b.Peer.Next(); m != "text:done" {
		t.Errorf("the peer saw %q", m)
	}
}

// A dead peer ends the context of a hook at work in time, where the socket can be asked.
func TestLongHookAndDeadPeer(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"OnOpen", "OnMessage"} {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			told := make(chan error, 1)
			work := func(s *wsecho.Session) error {
				<-s.Context().Done()
				told <- context.Cause(s.Context())
				return nil
			}
			// The first ping leaves the peer time for its message.
			h := &wsecho.Handler{PingInterval: noStall, PongTimeout: 10 * time.Millisecond}
			if where == "OnOpen" {
				h.OnOpen = func(s *wsecho.Session, _ *http.Request) error { return work(s) }
			} else {
				h.OnMessage = onMessage(work)
			}
			b := start(t, h)
			b.Peer.Mute = true
			if where == "OnMessage" {
				b.Send(peer.Text("hello"))
			}
			if err := await.Value(t, "the hook's context ends", told); !errors.Is(err, wsecho.ErrPongTimeout) {
				t.Errorf("the hook's context: %v", err)
			}
			b.CheckPeer(t, sessiontest.End{Code: 1011, Label: "pong_timeout"})
			b.Peer.Close()
		})
	}
}

// Where the socket cannot be asked the verdict waits for the hook. It comes with the first ping after.
func TestLongHookInMemory(t *testing.T) {
	for name, c := range map[string]struct {
		answers bool
		want    []time.Duration // when the session ends
	}{
		"a live peer": {true, nil},
		"a dead peer": {false, seconds(85)}, // pinged at 75
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &wsecho.Handler{OnMessage: onMessage(func(s *wsecho.Session) error {
					select {
					case <-time.After(60 * time.Second):
					case <-s.Context().Done():
						t.Error("the context ended while the hook ran")
					}
					return nil
				})}
				ended := watch(h)
				conn := wsechotest.Dial(t, h, "/", &websocket.DialOptions{
					Subprotocols:   []string{wsecho.DefaultSubprotocol},
					OnPingReceived: func(context.Context, []byte) bool { return c.answers },
				})
				conn.Write(t.Context(), text, []byte("hello"))
				conn.CloseRead(t.Context())
				time.Sleep(time.Hour)
				var got []time.Duration
				if len(ended) > 0 {
					got = append(got, (<-ended).at)
				}
				if !reflect.DeepEqual(got, c.want) {
					t.Errorf("ended at %v, want %v", got, c.want)
				}
			})
		})
	}
}

// A ping that waits behind other bytes is no proof against a peer that takes those, however slowly.
func TestSlowReaderIsAlive(t *testing.T) {
	h := &wsecho.Handler{PingInterval: 10 * time.Second, PongTimeout: time.Second, WriteTimeout: 5 * time.Second, WriteLimit: -1}
	bubble(t, h, func(t *testing.T, b *sessiontest.Both) {
		const size = 1 << 20
		if err := b.Session.TryWrite(websocket.MessageBinary, make([]byte, size)); err != nil {
			t.Fatal(err)
		}
		slow := &slowConn{Conn: b.Peer.Conn, pause: 999 * time.Millisecond} // never at the time of a verdict
		p := peer.New(slow)
		p.Timeout = 1000 * time.Hour
		if m := p.Next(); m != "binary:len 1048576" {
			t.Fatalf("the peer saw %q; ended: %v", m, b.Session.Context().Err())
		}
		if slow.reads < 256 {
			t.Fatalf("%d reads: the test is too fast to show anything", slow.reads)
		}
		slow.pause = 0
		go p.Rest()
		time.Sleep(time.Minute)
		if len(b.Ended) > 0 {
			t.Errorf("ended: %v", <-b.Ended)
		}
	})
}

// slowConn pauses before it takes 4 KiB or less. Progress shows each 16 KiB: see plainChunk.
type slowConn struct {
	net.Conn
	pause time.Duration
	slow  int // reads that pause; 0: all
	reads int
}

func (c *slowConn) Read(p []byte) (int, error) {
	if c.reads++; c.slow == 0 || c.reads <= c.slow {
		time.Sleep(c.pause)
	}
	return c.Conn.Read(p[:min(len(p), 4<<10)])
}

// A peer that died with a message unread: the hook's context must end in time all the same (design
// section 5: "a dead one still ends the context in time").
func TestDeadPeerWithUnreadMessage(t *testing.T) {
	t.Parallel()
	told := make(chan error, 1)
	h := &wsecho.Handler{PingInterval: noStall, PongTimeout: 10 * time.Millisecond,
		OnMessage: onMessage(func(s *wsecho.Session) error {
			select {
			case <-s.Context().Done():
				told <- context.Cause(s.Context())
			case <-time.After(await.Patience):
				told <- errors.New("the context did not end while the hook ran")
			}
			return nil
		})}
	b := start(t, h)
	b.Peer.Mute = true
	b.Send(peer.Join(peer.Text("one"), peer.Text("two"), peer.Frame{First: peer.OpBinary, Declared: 1 << 19}.Bytes(), make([]byte, 1<<15)))
	if err := await.Value(t, "the hook's context ends", told); !errors.Is(err, wsecho.ErrPongTimeout) {
		t.Errorf("the hook's context: %v", err)
	}
	b.Peer.Close()
}

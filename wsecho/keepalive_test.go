package wsecho_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

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

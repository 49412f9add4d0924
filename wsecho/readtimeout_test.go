package wsecho_test

import (
	"context"
	"errors"
	"runtime"
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
	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// isReadTimeout is what OnClose must get.
func isReadTimeout(err error) bool { return errors.Is(err, wsecho.ErrReadTimeout) }

const limit = 10 * time.Second // the ReadTimeout of TestReadTimeout

// A talk is what a peer does in TestReadTimeout. Its sends fail once the session has ended, and it goes on.
type talk func(send func(frames ...[]byte))

// dribble sends a frame's bytes one by one, with a pause before each but the first.
func dribble(frame []byte, pause time.Duration) talk {
	return func(send func(...[]byte)) {
		for i := range frame {
			if send(frame[i : i+1]); i < len(frame)-1 {
				time.Sleep(pause)
			}
		}
	}
}

// fragments sends a message in n fragments of one byte, with a pause between two and a pong in it.
func fragments(n int, pause time.Duration) talk {
	return func(send func(...[]byte)) {
		first := byte(peer.OpText)
		for i := range n - 1 {
			send(peer.Fragment(first, "x"))
			time.Sleep(pause / 2)
			send(peer.Pong(""))
			time.Sleep(pause - pause/2)
			if first = peer.OpContinuation; i == n-2 {
				first |= peer.Fin
			}
		}
		send(peer.Fragment(first, "x"))
	}
}

// Each talk is held in fake time against a ReadTimeout of 10 s.
func TestReadTimeout(t *testing.T) {
	for _, c := range []struct {
		name   string
		talk   talk
		echoes []string // what comes back before the end
		ends   bool     // as read_timeout; else the session lives
	}{
		{"a message that never ends", fragments(1000, time.Second), nil, true},
		{"empty fragments", func(send func(...[]byte)) {
			send(peer.Fragment(peer.OpText, ""))
			for range 1000 {
				time.Sleep(time.Second)
				send(peer.Fragment(peer.OpContinuation, ""))
			}
		}, nil, true},
		{"one frame, a byte a second", dribble(peer.Text(strings.Repeat("x", 100)), time.Second), nil, true},
		{"the first byte of a header alone", func(send func(...[]byte)) { send([]byte{peer.Fin | peer.OpText}) }, nil, true},
		{"a header alone", func(send func(...[]byte)) { send(peer.Text("x")[:6]) }, nil, true},
		{"half behind a whole one", func(send func(...[]byte)) { send(peer.Text("one"), peer.Text("two")[:7]) }, []string{"text:one"}, true},
		{"half, then pongs", func(send func(...[]byte)) {
			send(peer.Fragment(peer.OpText, "half"))
			for range 100 {
				time.Sleep(time.Second)
				send(peer.Pong(""))
			}
		}, nil, true},
		{"half, long after the first", func(send func(...[]byte)) {
			send(peer.Text("one"))
			time.Sleep(time.Hour)
			send(peer.Fragment(peer.OpText, "half"))
		}, []string{"text:one"}, true},

		{"slow, but in time", fragments(9, time.Second), []string{"text:xxxxxxxxx"}, false},
		{"one after the other, each in time", func(send func(...[]byte)) {
			for range 20 {
				fragments(3, 3*time.Second)(send)
			}
		}, slices.Repeat([]string{"text:xxx"}, 20), false},
		{"one ends where the next begins, for long", func(send func(...[]byte)) {
			for range 20 {
				send(peer.Fragment(peer.OpText, "a"))
				time.Sleep(8 * time.Second)
				send(peer.Fragment(peer.Fin|peer.OpContinuation, "b"), peer.Fragment(peer.OpText, "c"))
				time.Sleep(8 * time.Second)
				send(peer.Fragment(peer.Fin|peer.OpContinuation, "d"))
			}
		}, slices.Repeat([]string{"text:ab", "text:cd"}, 20), false},
		{"nothing for an hour", func(func(...[]byte)) { time.Sleep(time.Hour) }, nil, false},
		{"whole ones, now and then", func(send func(...[]byte)) {
			for range 20 {
				time.Sleep(7 * time.Second)
				send(peer.Text("m"))
			}
		}, slices.Repeat([]string{"text:m"}, 20), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := sessiontest.Start(t, overHalfPipe, &wsecho.Handler{ReadTimeout: limit, PingInterval: -1}, false)
				b.Peer.Timeout = 100 * time.Hour
				saw, began := make(chan []string, 1), time.Now()
				go func() { saw <- b.Peer.Rest() }()
				talked := make(chan struct{})
				go func() {
					defer close(talked)
					c.talk(func(frames ...[]byte) { b.Peer.Send(peer.Join(frames...)) })
					time.Sleep(time.Minute)
					b.Peer.Send(peer.Close(1000, ""))
				}()
				want, end := append(slices.Clone(c.echoes), "close:1000", "eof"), sessiontest.End{Code: 1000, Label: "peer"}
				if c.ends {
					want[len(c.echoes)] = "close:1008"
					end = sessiontest.End{Code: 1008, Label: "read_timeout", Err: isReadTimeout}
				}
				<-b.Session.Context().Done()
				b.CheckHooks(t, end)
				if took := time.Since(began); c.ends && took < limit {
					t.Errorf("it ended after %v", took)
				}
				got := <-saw
				if n := len(c.echoes); len(got) > n {
					got[n], _, _ = strings.Cut(got[n], " ") // without the reason
				}
				if !slices.Equal(got, want) {
					t.Errorf("the peer saw %q, want %q", got, want)
				}
				b.Peer.Close()
				<-talked
			})
		})
	}
}

// The time is that from the first byte, and is up at most one more time later. 0 is 2 min, and negative is never.
func TestReadTimeoutSettings(t *testing.T) {
	for _, c := range []struct {
		set, want time.Duration // want 0: never
	}{{0, 2 * time.Minute}, {-1, 0}, {time.Second, time.Second}, {time.Hour, time.Hour}} {
		synctest.Test(t, func(t *testing.T) {
			h := &wsecho.Handler{ReadTimeout: c.set}
			ended := watch(h)
			conn := wsechotest.Dial(t, h, "/", nil) // it answers pings
			saw := make(chan error, 1)
			go func() {
				_, _, err := conn.Read(t.Context())
				saw <- err
			}()
			w, err := conn.Writer(t.Context(), websocket.MessageText)
			if err != nil {
				t.Fatal(err)
			}
			w.Write(make([]byte, 10_000))        // more than the client holds back
			time.Sleep(max(2*c.want, time.Hour)) // nothing before took any fake time
			synctest.Wait()
			switch {
			case len(ended) == 0 && c.want == 0:
				return
			case len(ended) == 0:
				t.Fatalf("%v: it did not end", c.set)
			}
			if e := <-ended; !isReadTimeout(e.err) || e.at < c.want || e.at > 2*c.want || c.want == 0 {
				t.Errorf("%v: after %v: %v", c.set, e.at, e.err)
			}
			if err := <-saw; websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
				t.Errorf("%v: the client saw %v", c.set, err)
			}
		})
	}
}

// What lies unread while a hook runs is not late: the peer may have sent all of it.
func TestReadTimeoutWhileHookRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &wsecho.Handler{ReadTimeout: limit, PingInterval: -1, OnMessage: func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
			if string(p) == "work" {
				time.Sleep(3 * limit)
			}
			return wsecho.Echo(ctx, s, typ, p)
		}}
		b := sessiontest.Start(t, overHalfPipe, h, false)
		defer b.Peer.Close()
		b.Peer.Timeout = time.Hour
		long := peer.Text(strings.Repeat("x", 100))
		b.Send(peer.Text("work"), long[:50]) // in one piece, so that the half is in before the hook runs
		b.Send(long[50:])
		for _, want := range []string{"text:work", "text:" + strings.Repeat("x", 100)} {
			if m := b.Peer.Next(); m != want {
				t.Fatalf("the peer saw %q", m)
			}
		}
	})
}

// Over real connections, also where the session parks with half a message.
func TestReadTimeoutOverTheNetwork(t *testing.T) {
	leaktest.Beside(t)
	for _, over := range []sessiontest.Transport{overTCP, overUnix, overTLS} {
		for name, talk := range map[string]talk{
			"never ends": fragments(10_000, 10*time.Millisecond),
			"half":       func(send func(...[]byte)) { send(peer.Fragment(peer.OpText, "half")) },
		} {
			t.Run(over.Name+", "+name, func(t *testing.T) {
				t.Parallel()
				h := &wsecho.Handler{ReadTimeout: 500 * time.Millisecond, PingInterval: -1}
				wsecho.ParkAfter(h, 50*time.Millisecond)
				b := sessiontest.Start(t, over, h, false)
				told := b.Session.Context().Done()
				talked := make(chan struct{})
				go func() {
					defer close(talked)
					talk(func(frames ...[]byte) {
						select {
						case <-told:
							runtime.Goexit()
						default:
							b.Peer.Send(peer.Join(frames...))
						}
					})
				}()
				b.Check(t, sessiontest.End{Code: 1008, Reason: "*", Label: "read_timeout", Err: isReadTimeout})
				<-talked
			})
		}
	}
}

package wsecho_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// TestHoldEnds: replies to pipelined messages wait for company, but not for a slow hook: what it wrote
// before, and what others write meanwhile, arrives while it still runs.
func TestHoldEnds(t *testing.T) {
	rawAndPlain(t, func(t *testing.T, over sessiontest.Transport) {
		release := make(chan bool)
		h := &wsecho.Handler{OnMessage: func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
			err := s.Write(ctx, typ, p)
			if string(p) == "slow" {
				<-release
			}
			return err
		}}
		b := sessiontest.Start(t, over, h, false)
		for range 3 {
			b.Send(peer.Text("first"), peer.Ping("p"), peer.Text("slow"), peer.Text("last"))
			for _, want := range []string{"text:first", "pong:p", "text:slow"} {
				if m := b.Peer.Next(); m != want {
					t.Fatalf("the peer saw %q, want %q", m, want)
				}
			}
			if err := b.Session.TryWrite(text, []byte("from outside")); err != nil {
				t.Error(err)
			}
			if m := b.Peer.Next(); m != "text:from outside" {
				t.Errorf("the peer saw %q", m)
			}
			release <- true
			if m := b.Peer.Next(); m != "text:last" {
				t.Errorf("the peer saw %q", m)
			}
		}
	})
}

// countingWrites counts what a session writes to a plain conn.
type countingWrites struct {
	net.Conn
	n *atomic.Int64
}

func (c countingWrites) Write(p []byte) (int, error) {
	c.n.Add(1)
	return c.Conn.Write(p)
}

type countingListener struct {
	net.Listener
	n *atomic.Int64
}

func (l countingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return countingWrites{c, l.n}, err
}

const pipelined = 300 // messages, which fit one read buffer together

// checkCompany sends pipelined messages in one write, and counts the writes that the echoes take.
func checkCompany(t *testing.T, b *sessiontest.Both, writes func() int64) {
	t.Helper()
	const passes = 10
	before := writes()
	for range passes {
		b.Send(bytes.Repeat(peer.Text("message"), pipelined))
		for range pipelined {
			if m := b.Peer.Next(); m != "text:message" {
				t.Fatalf("the peer saw %q", m)
			}
		}
	}
	n := writes() - before
	t.Logf("%d replies left in %d writes", passes*pipelined, n)
	if n > passes*pipelined/4 { // a hold lasts 1 ms, and a busy machine is slow: alone, each would be one
		t.Errorf("%d replies left in %d writes", passes*pipelined, n)
	}
}

func TestRepliesLeaveTogetherPlain(t *testing.T) {
	var n atomic.Int64
	over := sessiontest.HTTP1("counting", func(t testing.TB) (net.Listener, func() (net.Conn, error)) {
		l := listen(t, "tcp", "127.0.0.1:0")
		return countingListener{l, &n}, func() (net.Conn, error) { return net.Dial("tcp", l.Addr().String()) }
	})
	checkCompany(t, sessiontest.Start(t, over, new(wsecho.Handler), false), n.Load)
}

// TestLargeAndSmall: messages so large that they are written straight from the caller's slice keep
// their place among small ones, from several callers, with a peer that reads in fits.
func TestLargeAndSmall(t *testing.T) {
	rawAndPlain(t, func(t *testing.T, over sessiontest.Transport) {
		b := sessiontest.Start(t, over, new(wsecho.Handler), false)
		const callers, messages = 4, 9
		sizes := []int{1, 100, 16 << 10, 128 << 10, 128<<10 + 1, 400 << 10, 1<<20 - 1, 1 << 20}
		var wg sync.WaitGroup
		for c := range callers {
			wg.Go(func() {
				for i := range messages {
					size := max(sizes[rand.IntN(len(sizes))], 8)
					p := bytes.Repeat([]byte{'a' + byte(c)}, size)
					copy(p, fmt.Sprintf("%d %d;", c, i))
					if err := b.Session.Write(context.Background(), websocket.MessageBinary, p); err != nil {
						t.Error(err)
					}
					clear(p) // it is the caller's again
				}
			})
		}
		var next [callers]int
		for range callers * messages {
			m, err := b.Peer.Read()
			if err != nil {
				t.Fatal(err)
			}
			head, rest, _ := bytes.Cut(m.Payload, []byte(";"))
			var c, i int
			fmt.Sscanf(string(head), "%d %d", &c, &i)
			if i != next[c] {
				t.Fatalf("caller %d: message %d, want %d", c, i, next[c])
			}
			next[c]++
			if len(bytes.Trim(rest, string('a'+rune(c)))) > 0 {
				t.Fatalf("message %d of caller %d, %d bytes, is not whole", i, c, len(m.Payload))
			}
		}
		wg.Wait()
		b.Send(peer.Close(1000, ""))
		b.Check(t, sessiontest.End{Code: 1000, Reason: "*", Label: "peer"})
	})
}

// TestQueueIsSentAfterPeersEOF: a peer that has shut its sending side still gets all that was written.
func TestQueueIsSentAfterPeersEOF(t *testing.T) {
	for _, over := range []sessiontest.Transport{overTCP, overUnix, overWrapped, overHalfPipe} {
		t.Run(over.Name, func(t *testing.T) {
			t.Parallel()
			const messages = 12
			b := sessiontest.Start(t, over, &wsecho.Handler{ReadLimit: -1, WriteLimit: -1}, false)
			go func() {
				b.Peer.Send(bytes.Repeat(peer.Binary(make([]byte, 300_000)), messages))
				b.Peer.CloseWrite()
			}()
			if err := await.Value(t, "the end", b.Ended); err == nil || !strings.Contains(err.Error(), "EOF") {
				t.Errorf("OnClose got %v", err)
			}
			if got := b.Peer.Rest(); !slices.Equal(got, append(slices.Repeat([]string{"binary:len 300000"}, messages), "eof")) {
				t.Errorf("the peer got %d messages and then %q", len(got)-1, got[len(got)-1])
			}
			b.Gone(t)
		})
	}
}

package faulttest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/wsechotest/await"
	"example.com/wsecho/wsecho/wsechotest/child"
)

// phone is the role of a client that prints what it gets.
func phone(args []string) {
	conn, err := net.Dial("tcp", args[0])
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	p, answer, err := peer.Handshake(conn, peer.Request{Target: "/ws?name=phone"})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	p.Timeout = time.Minute
	fmt.Println(answer.StatusCode)
	for {
		m := p.Next()
		if fmt.Println(m); isEnd(m) {
			return
		}
	}
}

// frozen is a phone that is stopped by SIGSTOP once it has answered a ping: its kernel goes on
// acknowledging what arrives, as that of a phone in a pocket.
func frozen(t *testing.T, s *server) *child.Process {
	t.Helper()
	p := child.Start(t, self("phone", s.addr))
	p.Says(t, "ping:", 2)
	if err := p.Cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestFrozenClient(t *testing.T) {
	t.Parallel()
	s := serve(t, &wsecho.Handler{
		PingInterval: time.Second, PongTimeout: 3 * time.Second,
		CloseTimeout: time.Hour, // not for a peer that gave no sign of life
	})
	others := make([]*client, 20)
	for i := range others {
		others[i] = dial(t, s.addr, fmt.Sprint("other", i))
	}
	p := frozen(t, s)
	clock := others[0] // its pings tell the time that the server has
	stopped := clock.pings.Load()
	s.endsWith(t, "phone", wsecho.ErrPongTimeout)
	// A ping within PingInterval, a verdict PongTimeout later: four intervals, and four to spare for a busy machine.
	if n := clock.pings.Load() - stopped; n > 8 {
		t.Errorf("the dead phone lasted for %d pings of another session", n)
	}
	s.counts(t, "pong_timeout")
	for _, c := range others {
		c.echoes(t, "untouched")
	}
	if st := s.h.Stats(); st.Open != len(others) {
		t.Errorf("%+v, want the phone given up, and nothing else", st)
	}

	// It wakes up, and learns what happened: its kernel had taken the close frame.
	p.Cmd.Process.Signal(syscall.SIGCONT)
	p.Says(t, "eof", 1)
	if lines := strings.Fields(p.Output()); lines[len(lines)-2] != "close:1011" {
		t.Errorf("the phone got %q", lines)
	}
}

// A broadcast goes on while one of its listeners is frozen.
func TestFrozenListener(t *testing.T) {
	t.Parallel()
	s := serve(t, &wsecho.Handler{
		PingInterval: 100 * time.Millisecond, PongTimeout: await.Patience, WriteTimeout: 3 * time.Second,
		WriteLimit: 256 << 10,
	})
	others := make([]*client, 5)
	for i := range others {
		others[i] = dial(t, s.addr, fmt.Sprint("other", i))
		others[i].echoes(t, "here") // and so Sessions lists it
	}
	frozen(t, s)
	refused := 0
	await.Poll(t, "the phone is cut", func() bool {
		for x := range s.h.Sessions() {
			err := x.TryWrite(websocket.MessageBinary, make([]byte, 64<<10))
			if err != nil && x.Data != "phone" {
				t.Fatalf("%s misses a message: %v", x.Data, err)
			}
			if errors.Is(err, wsecho.ErrWriteLimit) {
				refused++
			}
		}
		for _, c := range others {
			c.gets(t, fmt.Sprint("binary:len ", 64<<10))
		}
		return s.h.Stats().Open == len(others)
	})
	s.endsWith(t, "phone", wsecho.ErrWriteTimeout)
	if refused == 0 {
		t.Error("no message was refused: the phone's queue was never full")
	}
}

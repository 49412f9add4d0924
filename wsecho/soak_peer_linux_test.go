//go:build linux

package wsecho_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/wsechotest/await"
)

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

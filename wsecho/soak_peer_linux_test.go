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
	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/wsechotest/await"
)

const soakTimeout = 3 * time.Second

// live is one session from its handshake to its end, as the peer.
func (k *soak) live(number int, network string, deflate bool, way sessiontest.Way) error {
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
	way.Leave(p)
	closed := false
	for !way.Gone {
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
	select {
	case err = <-l.ended:
	case <-time.After(await.Patience):
		return errors.New("OnClose never ran")
	}
	switch {
	case !way.Gone && (pushed != int(l.pushed.Load()) || echoed != l.echoed):
		return fmt.Errorf("%d pushes and %d echoes were queued, %d and %d came; %w", l.pushed.Load(), l.echoed, pushed, echoed, err)
	case !way.Cut && sent != l.in:
		return fmt.Errorf("%d messages were sent, %d came; %w", sent, l.in, err)
	case !way.Gone && closed == (way.Code == ""):
		return fmt.Errorf("close frame: %v; %w", closed, err)
	}
	return nil
}

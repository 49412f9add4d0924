package sessiontest

import (
	"context"
	"errors"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// runClosing: the connection ends after both close frames, and then at once (RFC 6455, sections 5.5.1 and
// 7.1.1). CloseTimeout is an hour in all of it: whatever waits for it never ends.
func runClosing(t *testing.T, over Transport) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, over Transport)
	}{
		{"our sending side ends after the peer's close frame", endsAfterBoth},
		{"both close frames let go of the session: ours first", func(t *testing.T, over Transport) { letsGo(t, over, true) }},
		{"both close frames let go of the session: the peer's first", func(t *testing.T, over Transport) { letsGo(t, over, false) }},
		{"a peer that breaks the protocol is not waited for", breaks},
		{"a peer that breaks the protocol after our close frame is not waited for", breaksAfterwards},
		{"a peer that gave no sign of life is not waited for", silent},
		{"a deadline that somebody else set is no write_timeout", foreignDeadline},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, over)
		})
	}
}

// glance is how long a test looks for what must not happen.
const glance = 50 * time.Millisecond

// sees reads what the peer sees, to the end.
func sees(p *peer.Peer) <-chan string {
	saw := make(chan string, 100)
	go func() {
		for {
			m, _, _ := strings.Cut(p.Next(), " ") // whatever the reason
			if saw <- m; !strings.Contains(m, ":") || m == "error:" {
				return
			}
		}
	}()
	return saw
}

// seesNothing checks that neither a frame nor the end comes for a moment.
func seesNothing(t *testing.T, saw <-chan string, when string) {
	t.Helper()
	select {
	case m := <-saw:
		t.Fatalf("%s the peer saw %q", when, m)
	case <-time.After(glance):
	}
}

func endsAfterBoth(t *testing.T, over Transport) {
	for name, begin := range map[string]struct {
		do   func(b *Both)
		code string
	}{
		"Session.Close":      {func(b *Both) { b.Session.Close(4000, "") }, "close:4000"},
		"text is not UTF-8":  {func(b *Both) { b.Send(peer.Text("\xff")) }, "close:1007"},
		"message is too big": {func(b *Both) { b.Send(peer.Binary(make([]byte, limit+1))) }, "close:1009"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := Start(t, over, &wsecho.Handler{CloseTimeout: time.Hour, ReadLimit: limit}, false)
			b.Peer.Mute = true
			saw := sees(b.Peer)
			begin.do(b)
			if m := <-saw; m != begin.code {
				t.Fatalf("the peer saw %q", m)
			}
			seesNothing(t, saw, "before its own close frame")
			for range 10 { // it has not seen ours yet
				b.Send(peer.Binary(make([]byte, limit)))
			}
			seesNothing(t, saw, "after more messages")
			b.Send(peer.Close(1000, ""))
			if m := <-saw; m != "eof" {
				t.Errorf("after both close frames the peer saw %q", m)
			}
			b.Gone(t)
		})
	}
}

// letsGo: a peer that leaves it to the server to close the connection (RFC 6455, section 7.1.1) takes up
// nobody's place meanwhile.
func letsGo(t *testing.T, over Transport, oursFirst bool) {
	h := &wsecho.Handler{CloseTimeout: time.Hour, MaxSessions: 1, Logger: new(Log).Logger()}
	opened := make(chan *wsecho.Session, 2)
	h.OnOpen = func(s *wsecho.Session, _ *http.Request) error { opened <- s; return nil }
	dial := over.Serve(t, h)
	t.Cleanup(func() { h.Close() })
	open := func() *peer.Peer {
		status, _, p := dial(t, http.Header{"Sec-Websocket-Protocol": {wsecho.DefaultSubprotocol}})
		if p == nil {
			t.Fatalf("handshake: status %d", status)
		}
		return p
	}
	finish := func(p *peer.Peer) {
		s := <-opened
		if oursFirst {
			s.Close(1000, "")
		} else {
			p.Mute = true
			go p.Send(peer.Close(1000, "")) // over a pipe it may wait
		}
		if got := p.Rest(); !slices.Equal(got, []string{"close:1000", "eof"}) {
			t.Errorf("the peer saw %q", got)
		}
	}
	first := open()
	finish(first)
	await.Poll(t, "the session is counted no more", func() bool { return h.Stats().Open == 0 })
	second := open() // in the first one's place
	finish(second)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := h.Shutdown(ctx); err != nil {
		t.Errorf("shutdown: %v", err)
	}
	for _, p := range []*peer.Peer{first, second} {
		closedByServer(t, p)
	}
}

// closedByServer: the server closes the connection, though the peer keeps its side open.
func closedByServer(t *testing.T, p *peer.Peer) {
	t.Helper()
	await.Poll(t, "the connection is closed", func() bool {
		_, err := p.Conn.Write([]byte{0})
		return err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
	})
}

func breaks(t *testing.T, over Transport) {
	b := Start(t, over, &wsecho.Handler{CloseTimeout: time.Hour}, false)
	b.Peer.Mute = true
	b.Send(peer.Frame{First: peer.Fin | peer.OpText, Unmasked: true}.Bytes())
	end := End{Code: 1002, Reason: "*", Label: "protocol"}
	b.CheckPeer(t, end)
	b.CheckHooks(t, end)
	closedByServer(t, b.Peer)
}

func breaksAfterwards(t *testing.T, over Transport) {
	b := Start(t, over, &wsecho.Handler{CloseTimeout: time.Hour}, false)
	b.Peer.Mute = true
	saw := sees(b.Peer)
	b.Session.Close(4000, "")
	if m := <-saw; m != "close:4000" {
		t.Fatalf("the peer saw %q", m)
	}
	seesNothing(t, saw, "before it breaks the protocol")
	b.Send(peer.Frame{First: peer.Fin | peer.OpText, Unmasked: true}.Bytes())
	if m := <-saw; m != "eof" {
		t.Errorf("the peer saw %q", m)
	}
	b.CheckHooks(t, End{Code: 4000, Label: "closed"})
	closedByServer(t, b.Peer)
}

// silent: the peer is told, as its kernel may still be there, but has no time to answer.
func silent(t *testing.T, over Transport) {
	over.promptly(t, func(t *testing.T) {
		h := &wsecho.Handler{CloseTimeout: time.Hour, PingInterval: 100 * time.Millisecond, PongTimeout: 10 * time.Millisecond}
		b := Start(t, over, h, false)
		b.Peer.Mute = true
		end := End{Code: 1011, Label: "pong_timeout", Err: is(wsecho.ErrPongTimeout)}
		b.CheckPeer(t, end)
		b.CheckHooks(t, end)
		closedByServer(t, b.Peer)
	})
}

// foreignDeadline: a middleware gives each read of a quiet connection 100 ms.
func foreignDeadline(t *testing.T, over Transport) {
	h := &wsecho.Handler{CloseTimeout: time.Hour}
	b := Start(t, behindIdleTimeout(over), h, false)
	b.CheckHooks(t, End{Label: "lost", Err: func(err error) bool {
		return errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, wsecho.ErrWriteTimeout) &&
			websocket.CloseStatus(err) == -1
	}})
}

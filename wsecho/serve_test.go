package wsecho_test

import (
	"bytes"
	"context"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/wsechotest/await"
	"example.com/wsecho/wsecho/wsechotest/child"
)

// A session that is closed from outside in the middle of a frame drops what is still to come of it,
// and what follows.
func TestClosedInMidFrame(t *testing.T) {
	long := peer.Binary(make([]byte, 100_000))
	rest := peer.Join(long[1000:], peer.Text("never"))
	last := peer.Frame{First: peer.Fin | peer.OpContinuation, Payload: make([]byte, 100_000)}.Bytes()
	closes := func(t *testing.T, b *sessiontest.Both) {
		b.Session.Close(4000, "")
		b.Send(rest)
		b.Check(t, sessiontest.End{Code: 4000, Label: "closed"})
	}
	for name, begun := range map[string][]byte{
		"a message": long[:1000], "a fragment": peer.Join(peer.Fragment(peer.OpBinary, "first"), last[:1000]),
	} {
		t.Run(name, func(t *testing.T) {
			rawAndPlain(t, func(t *testing.T, over sessiontest.Transport) {
				b := sessiontest.Start(t, over, &wsecho.Handler{}, false)
				b.Send(peer.Text("whole"), begun)
				if got := b.Peer.Next(); got != "text:whole" { // and with it the rest has been read
					t.Errorf("the peer saw %q", got)
				}
				closes(t, b)
			})
			t.Run("pipe with half-close", func(t *testing.T) {
				bubble(t, &wsecho.Handler{}, func(t *testing.T, b *sessiontest.Both) {
					b.Send(begun)
					synctest.Wait() // it waits for more
					closes(t, b)
				})
			})
		})
	}
}

// A message of many tiny fragments costs what it is long: were all that came before copied for each
// of these, it would be 2 GB.
func TestManyTinyFragments(t *testing.T) {
	if !child.Alone(t) {
		return
	}
	const n = 64 << 10
	done := make(chan int, 1)
	b := start(t, &wsecho.Handler{OnMessage: func(_ context.Context, _ *wsecho.Session, _ websocket.MessageType, p []byte) error {
		done <- len(p)
		return nil
	}})
	fragments := peer.Join(peer.Fragment(peer.OpBinary, "x"), bytes.Repeat(peer.Fragment(peer.OpContinuation, "x"), n-2), peer.Fragment(peer.Fin|peer.OpContinuation, "x"))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	b.Send(fragments)
	if got := await.Value(t, "the message", done); got != n {
		t.Errorf("the message has %d bytes, want %d", got, n)
	}
	runtime.ReadMemStats(&after)
	t.Logf("%d KB allocated", (after.TotalAlloc-before.TotalAlloc)>>10)
	if got := after.TotalAlloc - before.TotalAlloc; got > 16<<20 {
		t.Errorf("%d MB allocated", got>>20)
	}
}

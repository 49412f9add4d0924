package wsecho_test

import (
	"runtime"
	"testing"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/wsechotest/await"
	"example.com/wsecho/wsecho/wsechotest/child"
	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// heapInUse is what lives on the heap, pools emptied.
func heapInUse() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// What a session holds once it waits again, whatever has come before: its peer's end, net/http's part
// and the goroutine's buffers together.
func TestMemoryBehindMessages(t *testing.T) {
	if !child.Alone(t) {
		return
	}
	for _, v := range []struct {
		name string
		over sessiontest.Transport
		sent []byte
		most int
	}{
		{"a header behind 1 MiB", overTCP, peer.Join(peer.Binary(make([]byte, 1<<20)), peer.Ping(""), peer.Frame{First: peer.OpBinary, Declared: 1 << 20}.Bytes()), 100 << 10},
		{"a plain conn behind 20,000 bytes", overWrapped, peer.Join(peer.Binary(make([]byte, 20_000)), peer.Ping("")), 24 << 10},
	} {
		t.Run(v.name, func(t *testing.T) {
			const sessions = 40
			var before int
			for i := range sessions + 5 {
				if i == 5 {
					before = heapInUse()
				}
				b := sessiontest.Start(t, v.over, &wsecho.Handler{OnMessage: onMessage(func(*wsecho.Session) error { return nil })}, false)
				b.Send(v.sent)
				if m := b.Peer.Next(); m != "pong:" { // sent once all that came with the ping is dealt with
					t.Fatalf("the peer saw %q", m)
				}
			}
			each := func() int { return (heapInUse() - before) / sessions }
			await.Poll(t, "little is held", func() bool { return each() < v.most })
			t.Logf("%d bytes a session, both ends", each())
		})
	}
}

// A peer that never reads costs at most WriteLimit and a constant, however its messages came to wait:
// small ones and large ones, and while the flusher has some in hand.
func TestMemoryForPeersThatNeverRead(t *testing.T) {
	leaktest.Slow(t)
	if !child.Alone(t) {
		return
	}
	const limit, constant = 1 << 20, 256 << 10
	sessions := leaktest.Volume(4, 8, 20)
	for name, over := range map[string]sessiontest.Transport{"TCP": overTCP, "a plain conn": overWrapped} {
		t.Run(name, func(t *testing.T) {
			var before int
			for i := range sessions + 2 {
				if i == 2 {
					before = heapInUse()
				}
				b := sessiontest.Start(t, over, &wsecho.Handler{WriteLimit: limit, WriteTimeout: -1, PingInterval: -1, CloseTimeout: -1}, false)
				n, full := 0, 0
				await.Poll(t, "the kernel and the queue are full, and stay so", func() bool {
					for full++; b.Handler.Stats().Queued < limit-1000; n++ {
						full = 0
						b.Session.TryWrite(text, make([]byte, []int{100, 1000, 30_000, 200_000}[n%4]))
					}
					return full == 20
				})
			}
			if each := (heapInUse() - before) / sessions; each > limit+constant {
				t.Errorf("%d bytes a session", each)
			} else {
				t.Logf("%d bytes a session", each)
			}
		})
	}
}

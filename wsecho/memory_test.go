package wsecho_test

import (
	"runtime"
	"testing"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
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
			sessiontest.Poll(t, "little is held", func() bool { return each() < v.most })
			t.Logf("%d bytes a session, both ends", each())
		})
	}
}

package wsecho_test

import (
	"testing"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
)

// The kernel is told of more to come only where more comes: else it keeps the end back, for 200 ms. To a
// peer that has read all before, as much as its window takes has left when TryWrite returns.
func TestNothingIsKeptBack(t *testing.T) {
	b := start(t, &wsecho.Handler{PingInterval: -1})
	for _, size := range []int{0, 1, 125, 1000, 15 << 10, 16 << 10, 20_000, 32 << 10, 40_000} {
		if err := b.Session.TryWrite(websocket.MessageBinary, make([]byte, size)); err != nil {
			t.Fatal(err)
		}
		if n := wsecho.Unsent(b.Session); n > 0 {
			t.Errorf("of a message of %d bytes %d are kept back", size, n)
		}
		if m, err := b.Peer.Read(); err != nil || len(m.Payload) != size {
			t.Fatalf("the peer saw %v, %v", m, err)
		}
	}
}

package wsecho_test

import (
	"io"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// A socket with a large buffer is writable again only once a third of it is free. A peer that takes
// less than that in each WriteTimeout, but something, lives on.
func TestSlowReaderBehindLargeBuffer(t *testing.T) {
	leaktest.Slow(t)
	t.Parallel()
	const timeout = noStall
	b := sessiontest.Start(t, overBuffers(4<<20, 32<<10), &wsecho.Handler{WriteLimit: -1, WriteTimeout: timeout, PingInterval: -1}, false)
	b.Peer.Conn.SetReadDeadline(time.Time{}) // the handshake's
	if err := b.Session.TryWrite(websocket.MessageBinary, make([]byte, 16<<20)); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 4<<10)
	for begin := time.Now(); time.Since(begin) < 5*timeout/2; time.Sleep(30 * time.Millisecond) {
		if _, err := io.ReadFull(b.Peer.Conn, p); err != nil {
			t.Fatalf("%v; ended: %v", err, <-b.Ended)
		}
	}
	if len(b.Ended) > 0 {
		t.Errorf("ended: %v", <-b.Ended)
	}
}

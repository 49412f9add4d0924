package wsecho_test

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/sessiontest"
)

func incompressible(n int) []byte {
	p := make([]byte, n)
	rand.Read(p)
	return p
}

// WriteLimit holds with compression as it does without.
func TestRoomForCompressedMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := sessiontest.Start(t, overHalfPipe, &wsecho.Handler{WriteLimit: 10_000, WriteTimeout: -1, PingInterval: -1}, true)
		defer b.Peer.Close()
		queued := 0
		for range 100 {
			switch err := b.Session.TryWrite(websocket.MessageBinary, incompressible(1000)); {
			case err == nil:
				queued++
			case !errors.Is(err, wsecho.ErrWriteLimit):
				t.Fatal(err)
			}
		}
		if q := b.Handler.Stats().Queued; queued != 9 || q < 9000 || q > 10_000 {
			t.Errorf("%d messages of 1000 bytes were queued, %d bytes wait", queued, q)
		}
		wrote := make(chan error, 1)
		go func() { wrote <- b.Session.Write(context.Background(), websocket.MessageBinary, incompressible(1000)) }()
		if synctest.Wait(); len(wrote) > 0 {
			t.Fatalf("Write found room: %v", <-wrote)
		}
		for range queued + 1 {
			if m := b.Peer.Next(); m != "binary:len 1000" {
				t.Fatalf("the peer saw %q", m)
			}
		}
		if err := <-wrote; err != nil {
			t.Errorf("Write: %v", err)
		}
	})
}

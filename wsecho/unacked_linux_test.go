package wsecho_test

import (
	"errors"
	"testing"
	"time"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/wsechotest/await"
	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// A peer that takes none of what the kernel holds for it is a peer that takes nothing, however often it sends
// a pong: it ends with WriteTimeout, and so does the kernel's memory.
func TestPeerThatSendsPongsAndTakesNothing(t *testing.T) {
	leaktest.Slow(t)
	t.Parallel()
	for _, c := range []struct {
		name string
		over sessiontest.Transport
		size int
	}{
		{"as it comes", overTCP, 1_500_000}, // the kernel's buffer grows with what it is given
		{"a large buffer", overBuffers(4<<20, 32<<10), ahead},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := sessiontest.Start(t, c.over, &wsecho.Handler{
				ReadLimit: -1, PingInterval: 100 * time.Millisecond, PongTimeout: noStall, WriteTimeout: noStall, CloseTimeout: -1,
			}, false)
			ended := b.Session.Context().Done()
			b.Send(peer.Binary(make([]byte, c.size)))
			await.Poll(t, "it is echoed", func() bool { return b.Handler.Stats().MessagesOut == 1 })
			if q := b.Handler.Stats().Queued; q > 0 {
				t.Logf("%d bytes are queued: WriteTimeout watches them anyway", q)
			}
			gone := make(chan struct{})
			go func() {
				defer close(gone)
				for b.Peer.Send(peer.Pong("")) == nil {
					select {
					case <-time.After(50 * time.Millisecond):
					case <-ended:
						return
					}
				}
			}()
			b.CheckHooks(t, sessiontest.End{Label: "write_timeout", Err: func(err error) bool { return errors.Is(err, wsecho.ErrWriteTimeout) }})
			<-gone
			leftKernel(t, b)
		})
	}
}

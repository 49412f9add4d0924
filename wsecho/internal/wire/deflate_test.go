package wire

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"testing"

	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// A connection that ends while a message is deflated does not send that behind the close frame.
func TestEndWhileDeflating(t *testing.T) {
	t.Parallel()
	p := make([]byte, 2<<20)
	rand.Read(p) // which does not get smaller
	for range 3 {
		r := prepare(t, viaTCP, config(func(cfg *Config) { cfg.WriteLimit = -1 }), codec())
		r.begin()
		wrote := make(chan error, 1)
		go func() { wrote <- r.Write(context.Background(), 2, p) }()
		await.Poll(t, "it is being deflated", func() bool {
			if !r.in.codec.Out.TryLock() {
				return true
			}
			r.in.codec.Out.Unlock()
			return len(wrote) > 0
		})
		r.End(by(4000))
		if err := await.Value(t, "Write returns", wrote); err == nil {
			r.sees("binary:len 2097152")
		} else if !errors.Is(err, net.ErrClosed) {
			t.Errorf("Write: %v", err)
		}
		r.sees("close:4000")
		r.sends(peer.Close(1000, ""))
		r.sees("eof")
	}
}

package inmem

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
)

func TestListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := Listen(net.Pipe)
		go func() {
			c, err := l.Accept()
			if err != nil {
				t.Error(err)
				return
			}
			io.WriteString(c, "hello")
			c.Close()
		}()
		c, err := l.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if p, err := io.ReadAll(c); string(p) != "hello" || err != nil {
			t.Errorf("%q, %v", p, err)
		}
	})
}

// A Dial that nobody accepts ends with its context, or with the listener, and leaves nothing open.
func TestDialFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var open []net.Conn
		l := Listen(func() (client, server net.Conn) {
			client, server = net.Pipe()
			open = append(open, client, server)
			return client, server
		})
		dial := func(ctx context.Context) chan error {
			got := make(chan error, 1)
			go func() { _, err := l.Dial(ctx); got <- err }()
			synctest.Wait()
			return got
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancelled := dial(ctx)
		cancel()
		if err := <-cancelled; !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
		closed := dial(t.Context())
		l.Close()
		l.Close()
		if err := <-closed; err != net.ErrClosed {
			t.Errorf("closed: %v", err)
		}
		if _, err := l.Accept(); err != net.ErrClosed {
			t.Errorf("Accept: %v", err)
		}
		for i, c := range open {
			if _, err := c.Read(make([]byte, 1)); err != io.ErrClosedPipe {
				t.Errorf("end %d of %d: %v", i, len(open), err)
			}
		}
	})
}

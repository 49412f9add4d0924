package hub_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"example.com/wsecho/wsecho/hub"
)

// fed is a Log that a test feeds by hand.
type fed struct {
	tail chan *hub.Tail // of the Hub, once it follows
}

func (f *fed) Append(context.Context, hub.Message) error { return hub.ErrUnavailable }

func (f *fed) Follow(ctx context.Context, t *hub.Tail) error {
	select {
	case f.tail <- t:
	case <-ctx.Done():
	}
	<-ctx.Done()
	return ctx.Err()
}

// feed returns a Hub whose Log is fed, and its Tail. Both end with the test.
func feed(t *testing.T, h *hub.Hub) *hub.Tail {
	f := &fed{make(chan *hub.Tail)}
	h.Log = f
	h.Lag() // any method starts it
	t.Cleanup(func() { h.Close() })
	return <-f.tail
}

// in runs f in a bubble, where an hour passes at once.
func in(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

// entry returns one of topic a whose stamp is 1000 times its number.
func entry(seq uint64) hub.Entry {
	return hub.Entry{Position: place(seq), Message: hub.Message{Topic: "a", Data: []byte("1")}}
}

func place(seq uint64) hub.Position { return hub.Position{Seq: seq, Stamp: far + seq*1000} }

// far is a stamp that is in the window: that of the year 2100.
const far = 4102444800e9

// silent fails if c has got a frame; in a bubble. It cuts c.
func (c *client) silent(what string) {
	c.Helper()
	synctest.Wait()
	ctx, cancel := context.WithCancel(c.Context())
	defer cancel()
	got := make(chan string, 1)
	go func() {
		_, p, err := c.conn.Read(ctx)
		if !errors.Is(err, context.Canceled) {
			got <- string(p)
		}
		close(got)
	}()
	synctest.Wait()
	select {
	case p := <-got:
		c.Errorf("%s: got %q", what, p)
	default:
	}
}

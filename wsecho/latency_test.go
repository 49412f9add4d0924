package wsecho_test

import (
	"testing"
	"testing/synctest"
	"time"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// Latency is what passes from a ping to its pong, and stays until the next one is answered.
func TestLatency(t *testing.T) {
	h := &wsecho.Handler{PingInterval: time.Minute, PongTimeout: 30 * time.Second, WriteTimeout: -1}
	bubble(t, h, func(t *testing.T, b *sessiontest.Both) {
		b.Peer.Mute = true
		expect := func(when string, want time.Duration) {
			t.Helper()
			synctest.Wait()
			if d := b.Session.Latency(); d != want {
				t.Errorf("%s it is %v, want %v", when, d, want)
			}
		}
		answer := func(after time.Duration) {
			t.Helper()
			if m := b.Peer.Next(); m != "ping:" {
				t.Fatalf("the peer saw %q", m)
			}
			time.Sleep(after)
			b.Send(peer.Pong(""))
		}
		expect("at first", 0)
		b.Send(peer.Pong("unasked"))
		expect("after a pong that nobody asked for", 0)
		answer(137 * time.Millisecond)
		expect("after the first ping", 137*time.Millisecond)
		b.Send(peer.Pong("unasked"))
		expect("after one more pong", 137*time.Millisecond)
		if m := b.Peer.Next(); m != "ping:" {
			t.Fatalf("the peer saw %q", m)
		}
		time.Sleep(2 * time.Second)
		expect("while the second ping waits", 137*time.Millisecond)
		b.Send(peer.Pong(""))
		expect("after the second ping", 2*time.Second)

		// A ping that waits behind a message has not left before that has.
		b.Session.TryWrite(text, make([]byte, 1000))
		time.Sleep(time.Minute + 5*time.Second)
		if m := b.Peer.Next(); m != "text:len 1000" {
			t.Fatalf("the peer saw %q", m)
		}
		answer(3 * time.Millisecond)
		expect("after a ping that waited", 3*time.Millisecond)
	})
}

// Without a PongTimeout too, and however quiet the session.
func TestLatencyOverSockets(t *testing.T) {
	rawAndPlain(t, func(t *testing.T, over sessiontest.Transport) {
		h := &wsecho.Handler{PingInterval: 20 * time.Millisecond, PongTimeout: -1}
		wsecho.ParkAfter(h, time.Millisecond)
		b := sessiontest.Start(t, over, h, false)
		go b.Peer.Rest()
		await.Poll(t, "a ping is answered", func() bool { return b.Session.Latency() > 0 })
		if d := b.Session.Latency(); d > time.Minute {
			t.Errorf("%v", d)
		}
	})
}

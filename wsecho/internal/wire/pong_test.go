package wire

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/wsecho/wsecho/internal/peer"
)

// stuffed runs test with a Conn whose queue has no room for a pong of 20 bytes: the peer has not read the
// message of 90 that is in it.
func stuffed(t *testing.T, test func(r *rig, message string)) {
	bubble(t, config(func(cfg *Config) { cfg.WriteLimit = 100 }), nil, func(r *rig) {
		message := strings.Repeat("m", 90)
		if err := r.TryWrite(1, []byte(message)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // for the flusher
		test(r, "text:"+message)
	})
}

// pinged returns a ping's payload of 20 bytes, of which a short one tells it from others.
func pinged(s string) string { return s + strings.Repeat(".", 20-len(s)) }

// quiet checks that the peer sees nothing more.
func quiet(r *rig) {
	r.t.Helper()
	r.peer.Timeout = time.Hour
	if m := r.peer.Next(); m != "timeout" {
		r.t.Errorf("the peer saw %q too", m)
	}
	r.peer.Timeout = 10_000 * time.Hour
}

// Of the pings that meet a full queue the latest is answered, once, when there is room (RFC 6455 section 5.5.3).
func TestPongWaitsForRoom(t *testing.T) {
	stuffed(t, func(r *rig, message string) {
		for _, s := range []string{"a", "b", "c"} {
			r.sends(peer.Ping(pinged(s)))
		}
		if synctest.Wait(); r.Counts().Queued != 92 {
			t.Errorf("%d bytes are queued", r.Counts().Queued)
		}
		r.sees(message, "pong:"+pinged("c"))
		quiet(r)
		r.sends(peer.Ping("later"))
		r.sees("pong:later")
		quiet(r)
	})
}

// The pong that waits is not another's memory: what the peer sends next leaves it as it is.
func TestPongThatWaitsIsItsOwn(t *testing.T) {
	stuffed(t, func(r *rig, message string) {
		r.sends(peer.Ping(pinged("mine")))
		for range 100 {
			r.sends(peer.Binary([]byte(strings.Repeat("\xff", 100))))
		}
		r.sees(message, "pong:"+pinged("mine"))
	})
}

// One that finds room answers those before it too.
func TestPongThatFits(t *testing.T) {
	stuffed(t, func(r *rig, message string) {
		r.sends(peer.Ping(pinged("a")))
		r.sends(peer.Ping("b"))
		synctest.Wait() // or the first finds room before the second is read
		r.sees(message, "pong:b")
		quiet(r)
	})
}

// Those who wait for room to write, and the pong, all get it.
func TestPongAndWriteWaitForRoom(t *testing.T) {
	stuffed(t, func(r *rig, message string) {
		wrote := make(chan error, 1)
		go func() { wrote <- r.Write(context.Background(), 1, []byte(pinged("written"))) }()
		r.sends(peer.Ping(pinged("a")))
		if synctest.Wait(); len(wrote) > 0 {
			t.Fatalf("Write found room: %v", <-wrote)
		}
		r.sees(message)
		if err := <-wrote; err != nil {
			t.Error(err)
		}
		seen := map[string]bool{r.peer.Next(): true, r.peer.Next(): true}
		if !seen["text:"+pinged("written")] || !seen["pong:"+pinged("a")] {
			t.Errorf("the peer saw %v", seen)
		}
		quiet(r)
	})
}

// Nothing follows our close frame, nor is a pong sent before it that had no room until then.
func TestNoPongAfterEnd(t *testing.T) {
	stuffed(t, func(r *rig, message string) {
		r.sends(peer.Ping(pinged("a")))
		synctest.Wait()
		r.End(by(4000))
		r.sends(peer.Ping("b"))
		r.sees(message, "close:4000")
		quiet(r)
		r.sends(peer.Ping("c"), peer.Close(1000, ""))
		r.sees("eof")
	})
}

package wire

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// A Message that takes long keeps neither the peer nor the connection waiting, only Ended.
func TestEndWhileMessageWorks(t *testing.T) {
	everyVia(t, func(t *testing.T, over via) {
		release := make(chan struct{})
		r := start(t, over, config(), func(*rig, string) { <-release })
		long := peer.Binary(make([]byte, 100_000))
		r.sends(peer.Text("m"), long[:100])
		r.gets("m")
		r.End(by(4000))
		r.sees("close:4000")
		r.sends(long[100:], peer.Text("never"))
		r.sends(peer.Close(1000, ""))
		r.sees("eof")
		await.Value(t, "Closed", r.h.closed)
		r.peer.CloseWrite()
		await.Value(t, "the socket is closed", r.gone)
		if has(r.h.ended) {
			t.Error("Ended while a Message works")
		}
		close(release)
		r.endsAs("closed")
		if has(r.h.messages) {
			t.Error("another Message after the end")
		}
	})
}

// Likewise a peer that says nothing more.
func TestEndWhileMessageWorksAndPeerIsGone(t *testing.T) {
	everyVia(t, func(t *testing.T, over via) {
		release := make(chan struct{})
		r := start(t, over, config(), func(*rig, string) { <-release })
		r.sends(peer.Text("m"))
		r.gets("m")
		r.peer.Close()
		r.End(by(4000))
		await.Value(t, "Closed", r.h.closed)
		await.Value(t, "the socket is closed", r.gone)
		close(release)
		r.endsAs("closed")
	})
}

// The peer's close frame that was read together with the message whose Handler ends the connection is the
// answer, not the end.
func TestCloseFrameBehindMessageThatEnds(t *testing.T) {
	everyVia(t, func(t *testing.T, over via) {
		r := start(t, over, config(), func(r *rig, _ string) { r.End(by(4001)) })
		r.sends(peer.Text("m"), peer.Text("never"), peer.Close(1000, ""))
		r.sees("close:4001", "eof")
		await.Value(t, "Closed", r.h.closed)
		r.endsAs("closed", by(4001).Err)
		r.gets("m")
		if has(r.h.messages) {
			t.Error("another Message after the end")
		}
	})
}

// A connection may end before it reads. What was read early counts then.
func TestEndBeforeStart(t *testing.T) {
	everyVia(t, func(t *testing.T, over via) {
		r := prepare(t, over, config(), nil)
		r.End(by(4000))
		r.sees("close:4000")
		r.sends(peer.Close(1000, ""))
		r.sees("eof")
		await.Value(t, "Closed", r.h.closed)
		if has(r.h.ended) {
			t.Error("Ended before Start")
		}
		r.begin()
		r.endsAs("closed")
	})
}

// A Handler that ends its goroutine ends its connection.
func TestGoexit(t *testing.T) {
	everyVia(t, func(t *testing.T, over via) {
		r := start(t, over, config(), func(*rig, string) { runtime.Goexit() })
		r.sends(peer.Text("m"), peer.Text("never"))
		r.sees("close:1011")
		r.sends(peer.Close(1000, ""))
		r.sees("eof")
		r.endsAs("error", Goexit.Err)
		await.Value(t, "Closed", r.h.closed)
		if n := r.Counts(); n.MessagesIn != 1 || n.BytesIn != 1 {
			t.Errorf("%+v", n)
		}
	})
}

// End comes at any moment of the reader's, from several sides. The Handler is told once of each thing, the
// peer gets one close frame, and nothing behind it. (The recorder sees to the Handler.)
func TestEndRacesWithReader(t *testing.T) {
	const conns = 60
	everyVia(t, func(t *testing.T, over via) {
		cfg := config()
		for range conns {
			r := start(t, over, cfg, func(r *rig, p string) {
				switch p {
				case "end":
					r.End(by(4002))
				case "write":
					r.TryWrite(1, []byte("w"))
				}
			})
			r.peer.Mute = false
			var all sync.WaitGroup
			spin := func() {
				for range rand.IntN(2000) {
					runtime.Gosched()
				}
			}
			all.Go(func() { spin(); r.End(by(4000)) })
			all.Go(func() { spin(); r.End(by(4001)) })
			all.Go(func() {
				for range rand.IntN(20) {
					frames := peer.Join(peer.Text("write"), peer.Text("a"), peer.Ping(""), peer.Binary(make([]byte, rand.IntN(30_000))), peer.Text([]string{"end", "b"}[rand.IntN(2)]))
					if r.peer.Send(frames) != nil { // in one, or the answer to our close frame would lie inside another
						return
					}
				}
			})
			got := slices.DeleteFunc(r.peer.Rest(), func(m string) bool { return m == "text:w" || m == "pong:" })
			all.Wait()
			if len(got) != 2 || !strings.HasPrefix(got[0], "close:400") || got[1] != "eof" {
				t.Fatalf("the peer saw %q", got)
			}
			if e := r.reason(); fmt.Sprintf("close:%d", e.Code) != got[0] {
				t.Errorf("the peer saw %q, the end is %+v", got, e)
			}
			r.peer.Close()
			await.Value(t, "Ended", r.h.ended)
			await.Value(t, "Closed", r.h.closed)
			await.Value(t, "the socket is closed", r.gone)
		}
	})
}

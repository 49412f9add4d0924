package wire

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/wsecho/wsecho/internal/peer"
)

const readTime = 10 * time.Second

func withReadTimeout(cfg *Config) { cfg.ReadTimeout = readTime }

// ReadTimeout runs from a message's first byte, be it of a header, and is exact.
func TestReadTimeout(t *testing.T) {
	message := peer.Text("a message")
	fragment := peer.Fragment(peer.OpText, "a")
	for name, c := range map[string]struct {
		first []byte // after 3 s
		again []byte // each second from then on
	}{
		"a byte of a header":             {message[:1], nil},
		"a header":                       {message[:6], nil},
		"a byte at a time":               {peer.Binary(make([]byte, 1000))[:8], []byte{0}},
		"a fragment":                     {fragment, nil},
		"fragments":                      {fragment, peer.Fragment(peer.OpContinuation, "b")},
		"pings between fragments":        {fragment, peer.Ping("")},
		"a message behind a whole one":   {peer.Join(message, message[:1]), nil},
		"a ping that is never whole":     {peer.Ping("ping")[:7], nil},
		"a message behind a slow ping":   {peer.Join(peer.Ping(""), message[:1]), nil},
		"a control frame in a long talk": {peer.Join(fragment, peer.Ping("ping")[:7]), nil},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, config(withReadTimeout), nil, func(r *rig) {
				go r.peer.Rest() // pongs
				time.Sleep(3 * time.Second)
				begin := time.Now()
				r.sends(c.first)
				var sender sync.WaitGroup
				sender.Go(func() {
					for time.Sleep(time.Second); len(c.again) > 0 && r.peer.Send(c.again) == nil; time.Sleep(time.Second) {
					}
				})
				<-r.h.ended
				if d := time.Since(begin); d != readTime {
					t.Errorf("ended after %v", d)
				}
				r.endsAs("read_timeout", ErrReadTimeout)
				r.peer.Close()
				sender.Wait()
			})
		})
	}
}

// The peer is told, and waited for.
func TestReadTimeoutIsTold(t *testing.T) {
	bubble(t, config(withReadTimeout), nil, func(r *rig) {
		long := peer.Text("long")
		r.sends(long[:1])
		r.sees("close:1008 message takes too long to arrive")
		time.Sleep(time.Hour)
		r.sends(long[1:], peer.Close(1000, ""))
		r.sees("eof")
		r.endsAs("read_timeout", ErrReadTimeout)
	})
}

// What is whole in time, or not a message, costs nothing, however long it goes on.
func TestReadTimeoutDoesNotStrike(t *testing.T) {
	message, ping := peer.Text("m"), peer.Ping("ping")
	for name, send := range map[string]func(r *rig){
		"nothing": func(r *rig) { time.Sleep(time.Hour) },
		"messages of almost as long": func(r *rig) {
			for range 20 {
				r.sends(message[:1])
				time.Sleep(readTime - 1)
				r.sends(message[1:])
			}
		},
		"each read ends in the next message": func(r *rig) {
			r.sends(message[:3])
			for range 100 {
				time.Sleep(readTime - 1)
				r.sends(message[3:], message[:3])
			}
			r.sends(message[3:])
		},
		"each read ends in the next ping": func(r *rig) { // no message has begun
			r.sends(ping[:3])
			for range 100 {
				time.Sleep(readTime - 1)
				r.sends(ping[3:], ping[:3])
			}
			r.sends(ping[3:])
		},
		"a fragmented message, and one ping in the next": func(r *rig) {
			r.sends(peer.Fragment(peer.OpText, "a"))
			time.Sleep(readTime - 1)
			r.sends(peer.Fragment(peer.OpContinuation|peer.Fin, "b"), ping[:3])
			time.Sleep(readTime - 1)
			r.sends(ping[3:])
			time.Sleep(readTime)
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, config(withReadTimeout), nil, func(r *rig) {
				go r.peer.Rest() // pongs
				send(r)
				if synctest.Wait(); r.reason() != nil {
					t.Errorf("ended: %+v", r.reason())
				}
				r.peer.Close()
			})
		})
	}
}

// While a Message works nothing is read, so nothing can be late: the next one has all of ReadTimeout after it.
func TestReadTimeoutAndSlowMessage(t *testing.T) {
	for name, behind := range map[string][]byte{"nothing behind": nil, "half a message behind": peer.Text("n")[:3]} {
		t.Run(name, func(t *testing.T) {
			bubble(t, config(withReadTimeout), func(*rig, string) { time.Sleep(time.Hour) }, func(r *rig) {
				begin := time.Now()
				r.sends(peer.Text("m"), behind)
				time.Sleep(time.Hour)
				if synctest.Wait(); r.reason() != nil {
					t.Fatalf("ended: %+v", r.reason())
				}
				if len(behind) == 0 {
					return
				}
				r.sees("close:1008 message takes too long to arrive")
				if d := time.Since(begin); d != time.Hour+readTime {
					t.Errorf("ended after %v", d)
				}
			})
		})
	}
}

// A tick that was under way when the end began does not cut it short.
func TestTickAsTheEndBegins(t *testing.T) {
	cfg := config(func(cfg *Config) { cfg.CloseTimeout = 5 * time.Second })
	bubble(t, cfg, nil, func(r *rig) {
		begin := time.Now()
		r.End(by(4000))
		r.onTick()
		r.sees("close:4000")
		<-r.gone
		if d := time.Since(begin); d != 5*time.Second {
			t.Errorf("gone after %v", d)
		}
	})
}

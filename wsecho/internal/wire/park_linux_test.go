package wire

import (
	"syscall"
	"testing"
	"time"

	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/wsechotest/await"
)

func parksAfter(d time.Duration) func(*Config) { return func(cfg *Config) { cfg.ParkAfter = d } }

// parked waits until the connection has no goroutine.
func parked(r *rig) {
	r.t.Helper()
	await.Poll(r.t, "parked", func() bool { return r.cfg.Lot.Len() == 1 })
}

// A parked connection ends as any other does, whoever brings the end about.
func TestParkedEnds(t *testing.T) {
	for _, over := range []via{viaTCP, viaUnix} {
		for _, c := range []struct {
			name  string
			do    func(r *rig)
			sees  []string
			label string
		}{
			{"End", func(r *rig) { r.End(by(4000)) }, []string{"close:4000"}, "closed"},
			{"the peer's close frame", func(r *rig) { r.sends(peer.Close(1000, "")) }, []string{"close:1000", "eof"}, "peer"},
			{"EOF", func(r *rig) { r.peer.CloseWrite() }, []string{"eof"}, "lost"},
			{"a message and EOF in one burst", func(r *rig) { r.sends(peer.Text("echo")); r.peer.CloseWrite() }, []string{"text:echo", "eof"}, "lost"},
			{"a violation", func(r *rig) { r.sends(unmasked) }, []string{"close:1002 frame not masked", "eof"}, "protocol"},
			{"an end that is hopeless", func(r *rig) { r.End(pongTimeout) }, []string{"close:1011", "eof"}, "pong_timeout"},
			{"Abort", func(r *rig) { r.End(by(4000)); r.Abort() }, []string{"close:4000", "eof"}, "closed"},
		} {
			t.Run(over.name+" "+c.name, func(t *testing.T) {
				t.Parallel()
				r := start(t, over, config(parksAfter(time.Millisecond)), func(r *rig, p string) { r.TryWrite(1, []byte(p)) })
				parked(r)
				c.do(r)
				r.sees(c.sees...)
				r.endsAs(c.label)
				if c.name == "End" {
					if r.cfg.Lot.Len() != 1 {
						t.Error("it does not take a goroutine to write a close frame")
					}
					r.sends(peer.Close(1000, ""))
					r.sees("eof")
				}
				await.Value(t, "Closed", r.h.closed)
			})
		}
	}
}

// ask has the goroutine asked now whether it can be spared.
func ask(r *rig) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	r.keep.parkAt = max(now, 1)
	r.setTimerToFirst(now)
}

// A message wakes a connection for as long as a new one stays awake. A control frame wakes it for a moment only.
func TestWoken(t *testing.T) {
	for _, over := range []via{viaTCP, viaUnix} {
		t.Run(over.name, func(t *testing.T) {
			t.Parallel()
			r := start(t, over, config(), func(r *rig, p string) { r.TryWrite(1, []byte(p)) })
			lot := r.cfg.Lot
			ask(r)
			parked(r)
			for range 3 {
				before := lot.Count()
				r.sends(peer.Pong("unasked"))
				await.Poll(t, "woken by a pong and parked again", func() bool { return lot.Count() == before+1 && lot.Len() == 1 })
			}
			r.sends(peer.Text("awake"))
			r.sees("text:awake")
			r.sends(peer.Ping("still"))
			r.sees("pong:still")
			if lot.Len() != 0 {
				t.Error("it has parked again")
			}
			await.Poll(t, "quiet, it parks when it is asked", func() bool { ask(r); return lot.Len() == 1 })
		})
	}
}

// A connection that ends while its goroutine is asked whether it can be spared, which a Message keeps it from
// answering, waits for the peer all the same.
func TestEndsWhileAsked(t *testing.T) {
	release := make(chan struct{})
	r := start(t, viaTCP, config(parksAfter(5*time.Millisecond)), func(*rig, string) { <-release })
	r.sends(peer.Text("m"))
	r.gets("m")
	await.Poll(t, "it is asked", func() bool { return under(r, func() bool { return r.keep.interrupted }) })
	r.End(by(4000))
	r.sees("close:4000")
	close(release)
	r.endsAs("closed")
	r.sends(peer.Text("late"))
	r.drained()
	if has(r.gone) || under(r, func() bool { return r.peerDone }) {
		t.Error("the peer is not waited for")
	}
	r.sends(peer.Close(1000, ""))
	r.sees("eof")
	await.Value(t, "Closed", r.h.closed)
}

// Where the lot can take nothing, for a time, the connection keeps its goroutine and asks again. It is not
// parallel to others: for as long as it takes, this process may have no more descriptors than it has.
func TestParkingRefused(t *testing.T) {
	r := start(t, viaTCP, config(parksAfter(5*time.Millisecond)), func(r *rig, p string) { r.TryWrite(1, []byte(p)) })
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	mend := func() { syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit) }
	defer mend()
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 1, Max: limit.Max}); err != nil {
		t.Fatal(err)
	}
	asked := map[time.Duration]bool{}
	await.Poll(t, "it is asked again and again", func() bool {
		asked[under(r, func() time.Duration { return r.keep.parkAt })] = true
		return len(asked) > 4
	})
	if r.cfg.Lot.Len() != 0 || r.cfg.Lot.Count() != 0 {
		t.Error("it has parked, without a descriptor for the lot")
	}
	r.sends(peer.Text("a"))
	r.sees("text:a")
	mend()
	parked(r)
	r.sends(peer.Text("b"))
	r.sees("text:b")
}

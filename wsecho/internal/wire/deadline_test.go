package wire

import (
	"context"
	"errors"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"example.com/wsecho/wsecho/wsechotest/await"
)

// past is a deadline that somebody else sets.
var past = time.Unix(1, 0)

// A deadline that somebody else sets on the connection ends it as lost.
func TestForeignDeadline(t *testing.T) {
	everyVia(t, func(t *testing.T, over via) {
		for name, set := range map[string]func(net.Conn){
			"for reads": func(c net.Conn) { c.SetReadDeadline(past) },
			"for both":  func(c net.Conn) { c.SetDeadline(past) },
		} {
			t.Run(name, func(t *testing.T) {
				r := start(t, over, config(func(cfg *Config) { cfg.WriteTimeout = time.Hour }), nil)
				set(r.server)
				r.endsAs("lost", os.ErrDeadlineExceeded)
				await.Value(t, "the socket is closed", r.gone)
			})
		}
	})
}

// So it does while the flusher waits for the peer: it is not the peer that has failed.
func TestForeignDeadlineWhileFlushing(t *testing.T) {
	for _, over := range []via{viaTCP, viaPipe} {
		for _, writeTimeout := range []time.Duration{time.Hour, -1} {
			for name, set := range map[string]func(net.Conn){
				"for reads":  func(c net.Conn) { c.SetReadDeadline(past) },
				"for writes": func(c net.Conn) { c.SetWriteDeadline(past) },
				"for both":   func(c net.Conn) { c.SetDeadline(past) },
			} {
				t.Run(over.name+" "+name+" "+writeTimeout.String(), func(t *testing.T) {
					t.Parallel()
					cfg := config(func(cfg *Config) {
						cfg.WriteTimeout, cfg.WriteLimit, cfg.CloseTimeout = writeTimeout, -1, time.Millisecond
					})
					r := start(t, over, cfg, nil)
					if err := r.TryWrite(2, make([]byte, 16<<20)); err != nil {
						t.Fatal(err)
					}
					flusherWaits(r)
					await.Poll(t, "it ends", func() bool { // the flusher may have been about to set its own, after all
						set(r.server)
						return r.reason() != nil
					})
					r.endsAs("lost", os.ErrDeadlineExceeded)
					if errors.Is(context.Cause(r.Context()), ErrWriteTimeout) {
						t.Error("the peer is blamed")
					}
					await.Value(t, "the socket is closed", r.gone)
				})
			}
		}
	}
}

// flusherWaits waits until the flusher does, for a peer that takes nothing more.
func flusherWaits(r *rig) {
	r.t.Helper()
	last, same := int64(-1), 0
	await.Poll(r.t, "the flusher waits", func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		if acked := r.acked(); acked == last {
			same++
		} else {
			last, same = acked, 0
		}
		return r.out.flushing && (r.out.writeBy > 0 || r.cfg.WriteTimeout < 0) && same > 50
	})
}

// A peer that takes nothing is one that has failed, and the time it has is exact.
func TestWriteTimeout(t *testing.T) {
	bubble(t, config(func(cfg *Config) { cfg.WriteTimeout = 3 * time.Second }), nil, func(r *rig) {
		begin := time.Now()
		r.TryWrite(1, []byte("m"))
		<-r.h.ended
		if d := time.Since(begin); d != 3*time.Second {
			t.Errorf("ended after %v", d)
		}
		r.endsAs("write_timeout", ErrWriteTimeout)
		if synctest.Wait(); !has(r.h.closed) || !has(r.gone) {
			t.Error("the peer is waited for")
		}
	})
}

// A failed write is said once in the end's error.
func TestWriteFailsAndNothingElseHappens(t *testing.T) {
	bubble(t, config(func(cfg *Config) { cfg.CloseTimeout = time.Second }), nil, func(r *rig) {
		r.server.SetWriteDeadline(past)
		r.TryWrite(1, []byte("m"))
		<-r.h.ended
		if got, want := r.h.end.Err.Error(), "wsecho: connection lost: write pipe: i/o timeout"; got != want {
			t.Errorf("the end's error is %q, want %q", got, want)
		}
	})
}

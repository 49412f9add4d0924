package wire

import (
	"context"
	"testing"
	"time"

	"example.com/wsecho/wsecho/wsechotest/await"
)

// CloseTimeout is exact, for a peer that takes our close frame and for one that does not.
func TestCloseTimeout(t *testing.T) {
	for _, reads := range []bool{true, false} {
		cfg := config(func(cfg *Config) { cfg.CloseTimeout = 7 * time.Second })
		bubble(t, cfg, nil, func(r *rig) {
			begin := time.Now()
			r.End(by(4000))
			if reads {
				r.sees("close:4000")
			}
			<-r.gone
			if d := time.Since(begin); d != 7*time.Second {
				t.Errorf("reads %v: gone after %v", reads, d)
			}
		})
	}
}

// With a negative CloseTimeout the queue is waited for, and the peer is not.
func TestCloseTimeoutNegative(t *testing.T) {
	impatient := func(cfg *Config) { cfg.CloseTimeout = -1 }
	everyVia(t, func(t *testing.T, over via) {
		r := start(t, over, config(impatient, func(cfg *Config) { cfg.WriteLimit = -1 }), nil)
		if err := r.Write(context.Background(), 2, make([]byte, 4<<20)); err != nil {
			t.Fatal(err)
		}
		r.End(by(4000))
		r.sees("binary:len 4194304", "close:4000", "eof")
		await.Value(t, "the socket is closed", r.gone)
	})
	bubble(t, config(impatient), nil, func(r *rig) {
		begin := time.Now()
		r.End(by(4000))
		r.sees("close:4000", "eof")
		<-r.gone
		if d := time.Since(begin); d != 0 {
			t.Errorf("a peer that takes all: gone after %v", d)
		}
	})
	for writeTimeout, want := range map[time.Duration]time.Duration{-1: defaultCloseTimeout, 3 * time.Second: 3 * time.Second} {
		cfg := config(impatient, func(cfg *Config) { cfg.WriteTimeout = writeTimeout })
		bubble(t, cfg, nil, func(r *rig) {
			begin := time.Now()
			r.End(by(4000)) // and the peer takes nothing
			<-r.gone
			if d := time.Since(begin); d != want {
				t.Errorf("WriteTimeout %v: gone after %v", writeTimeout, d)
			}
		})
	}
}

// Abort ends what End has begun, whatever is still to come.
func TestAbort(t *testing.T) {
	t.Parallel()
	everyVia(t, func(t *testing.T, over via) {
		r := start(t, over, config(), nil)
		r.End(by(4000))
		r.sees("close:4000")
		r.Abort()
		r.Abort()
		r.sees("eof")
		await.Value(t, "the socket is closed", r.gone)
		await.Value(t, "Closed", r.h.closed)
	})
	bubble(t, config(), nil, func(r *rig) { // a peer that takes nothing, of a conn that is written by its flusher
		begin := time.Now()
		r.End(by(4000))
		time.Sleep(time.Second)
		r.Abort()
		<-r.gone
		if d := time.Since(begin); d != time.Second+abortGrace {
			t.Errorf("gone after %v", d)
		}
	})
}

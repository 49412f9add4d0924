package wsecho

import (
	"context"
	"math/rand/v2"
	"time"
)

// Shutdown refuses new handshakes from now on, closes every session with 1001 or Goodbye (over DrainSpread),
// and waits until every OnClose has returned and both close frames of every session are through, or its
// connection is gone without. When ctx ends first it cuts the connections that are left, ends the ctx of every OnClose, and returns ctx's error; even
// under a ctx that has already ended each peer is sent that if its socket takes it.
//
// A service calls it at the same time as http.Server.Shutdown, which neither waits for upgraded
// connections nor tells them; see the package example.
func (h *Handler) Shutdown(ctx context.Context) error {
	h.reg.init()
	h.reg.close()
	h.closeAll(ctx)
	select {
	case <-h.reg.empty:
		return nil
	default:
	}
	select {
	case <-h.reg.empty:
		return nil
	case <-ctx.Done():
		h.abortAll()
		return ctx.Err()
	}
}

// Close ends every session at once, with 1001 or Goodbye if the peer's socket takes it, and ends the ctx of
// every OnClose. It refuses new handshakes from now on and waits for nothing. Its error is nil.
func (h *Handler) Close() error {
	h.reg.init()
	h.reg.close()
	h.abortAll()
	return nil
}

// closeAll closes the sessions that are open, spread over DrainSpread. What opens meanwhile closes
// itself. Each closes within a slot of its own, at a random moment of it.
func (h *Handler) closeAll(ctx context.Context) {
	all := h.reg.snapshot()
	if len(all) == 0 {
		return
	}
	slot := h.spread(ctx) / time.Duration(len(all))
	if slot <= 0 {
		for _, s := range all {
			s.conn.End(h.set.goodbye)
		}
		return
	}
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	start := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for i, s := range all {
		at := time.Duration(i)*slot + rand.N(slot)
		timer.Reset(at - time.Since(start))
		select {
		case <-timer.C:
		case <-ctx.Done():
		case <-h.reg.empty: // all have gone by themselves
			return
		}
		s.conn.End(h.set.goodbye)
	}
}

// spread is DrainSpread, cut short so that the last session still has CloseTimeout before ctx ends.
func (h *Handler) spread(ctx context.Context) time.Duration {
	spread := h.DrainSpread
	if deadline, ok := ctx.Deadline(); ok {
		spread = min(spread, time.Until(deadline)-max(h.set.wire.CloseTimeout, 0))
	}
	return spread
}

// abortAll ends what is left, now.
func (h *Handler) abortAll() {
	h.reg.cancelOnClose()
	for _, s := range h.reg.snapshot() {
		s.conn.End(h.set.goodbye)
		s.conn.Abort()
	}
}

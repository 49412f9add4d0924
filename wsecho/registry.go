package wsecho

import (
	"context"
	"iter"
	"sync"

	"example.com/wsecho/wsecho/internal/wire"
)

// registry knows the open sessions of a Handler. A slot is taken before the upgrade and given back when
// OnClose has returned and the connection is closed.
//
// Its lock is taken before a Conn's (Stats), never after it.
type registry struct {
	once sync.Once // guards init, after which what follows up to mu is fixed

	empty         chan struct{}   // closed when closing and no slot is taken
	onCloseCtx    context.Context // the contexts of OnClose end when it does
	cancelOnClose context.CancelFunc

	mu      sync.Mutex            // guards what follows
	open    map[*Session]struct{} // upgraded, and not gone
	slots   int                   // taken by open sessions, and by upgrades under way
	closing bool                  // Shutdown or Close was called
	opened  uint64
	refused map[string]uint64
	ended   map[string]uint64
	past    wire.Counts // of the sessions that are gone
}

// init comes first in each of the Handler's methods: any of them may be the first that is called.
func (g *registry) init() {
	g.once.Do(func() {
		g.open = map[*Session]struct{}{}
		g.empty = make(chan struct{})
		g.refused, g.ended = map[string]uint64{}, map[string]uint64{}
		g.onCloseCtx, g.cancelOnClose = context.WithCancel(context.Background())
	})
}

// shuttingDown says whether Shutdown or Close was called.
func (g *registry) shuttingDown() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.closing
}

// acquireSlot takes a slot, of which there are limit, or says why there is none.
func (g *registry) acquireSlot(limit int) *HandshakeError {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.closing:
		return refusedShutdown
	case limit > 0 && g.slots >= limit:
		return refusedCapacity
	}
	g.slots++
	return nil
}

// releaseSlot gives a slot back.
func (g *registry) releaseSlot() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.freeSlot()
}

// freeSlot is releaseSlot under mu.
func (g *registry) freeSlot() {
	if g.slots--; g.closing && g.slots == 0 {
		close(g.empty)
	}
}

// add lists an upgraded session for Shutdown. If closing, that has begun, and will not see it.
func (g *registry) add(s *Session) (closing bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open[s] = struct{}{}
	g.opened++
	return g.closing
}

// remove is the end of a session.
func (g *registry) remove(s *Session) {
	c, label := s.conn.Counts(), s.conn.Ending().Label
	c.Queued = 0
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.open, s)
	g.past.Add(c)
	g.ended[label]++
	g.freeSlot()
}

// countRefused counts a handshake that was refused.
func (g *registry) countRefused(check string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.refused[check]++
}

// close refuses new handshakes from now on.
func (g *registry) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closing {
		if g.closing = true; g.slots == 0 {
			close(g.empty)
		}
	}
}

// snapshot returns the sessions that are open now.
func (g *registry) snapshot() []*Session {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := make([]*Session, 0, len(g.open))
	for s := range g.open {
		all = append(all, s)
	}
	return all
}

// Sessions yields the sessions whose OnOpen has returned nil and whose OnClose has not returned, each
// at most once; those that open or end meanwhile may or may not appear. No lock is held while the
// body runs.
func (h *Handler) Sessions() iter.Seq[*Session] {
	return func(yield func(*Session) bool) {
		h.reg.init()
		for _, s := range h.reg.snapshot() {
			if s.listed.Load() && !yield(s) {
				return
			}
		}
	}
}

// closeContext returns OnClose's context: ctx's values, until those who wait for OnClose give up.
func (g *registry) closeContext(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(g.onCloseCtx, cancel)
	return ctx, func() { stop(); cancel() }
}

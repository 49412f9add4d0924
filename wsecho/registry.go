package wsecho

import (
	"context"
	"iter"
	"sync"

	"example.com/wsecho/wsecho/internal/wire"
)

// registry knows the open sessions of a Handler. A place is taken before the upgrade and given back
// when OnClose has returned and the connection is gone.
type registry struct {
	once    sync.Once
	mu      sync.Mutex
	open    map[*Session]struct{} // upgraded, and not gone
	taken   int                   // places: open sessions, and upgrades under way
	closing bool                  // Shutdown or Close was called
	empty   chan struct{}         // closed when closing and no place is taken
	opened  uint64
	refused map[string]uint64
	ended   map[string]uint64
	gone    wire.Counts // of the sessions that are gone

	// late ends when those who wait for OnClose give up: hurry.
	late  context.Context
	hurry context.CancelFunc
}

// init comes first in each of the Handler's methods: any of them may be the first that is called.
func (g *registry) init() {
	g.once.Do(func() {
		g.open = map[*Session]struct{}{}
		g.empty = make(chan struct{})
		g.refused, g.ended = map[string]uint64{}, map[string]uint64{}
		g.late, g.hurry = context.WithCancel(context.Background())
	})
}

func (g *registry) shuttingDown() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.closing
}

// reserve takes a place.
func (g *registry) reserve(limit int) *HandshakeError {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.closing:
		return refusedShutdown
	case limit > 0 && g.taken >= limit:
		return refusedCapacity
	}
	g.taken++
	return nil
}

// release gives a place back.
func (g *registry) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.releaseLocked()
}

func (g *registry) releaseLocked() {
	if g.taken--; g.closing && g.taken == 0 {
		close(g.empty)
	}
}

// enter lists an upgraded session for Shutdown. closing: that has begun, and will not see it.
func (g *registry) enter(s *Session) (closing bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open[s] = struct{}{}
	g.opened++
	return g.closing
}

// leave is the end of a session.
func (g *registry) leave(s *Session) {
	c := s.conn.Counts()
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.open, s)
	c.Queued = 0
	g.gone.Add(c)
	g.ended[s.end.Label]++
	g.releaseLocked()
}

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
		if g.closing = true; g.taken == 0 {
			close(g.empty)
		}
	}
}

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

// closeContext is OnClose's: ctx's values, until those who wait for OnClose give up.
func (g *registry) closeContext(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(g.late, cancel)
	return ctx, func() { stop(); cancel() }
}

package hub

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

// A Hub hands what is published in a topic to every session that is a member of it, on every node that shares
// its Log: once to each, and in one order. The zero value is that of a single process. It starts with the first
// call of a method and runs until Close. Its methods may be called from any goroutine; its fields must not change,
// nor may it be copied, after the first.
type Hub struct {
	// Log is the engine that the nodes share; package natslog has one. Nil: the memory of this process, gone with it.
	Log Log

	// Window is how long a client may be away and miss nothing. See the package comment. 0 or less: 5 min.
	Window time.Duration

	// MaxBytes is the memory for the messages of the Window, about; the oldest go first. Negative: no limit. 0: 64 MiB.
	MaxBytes int

	// MaxReplay is how many messages one return, or one session that reads slowly, may make the node collect at
	// once. Who missed more is told Event.Reset. Negative: no limit. 0: 1,000.
	MaxReplay int

	// Encode makes the frame that tells a session of an Event. It runs once for each message and node, when the
	// first session there is to get it, in several goroutines at a time. It must not change the Event's Data; what
	// it returns is copied. No bytes: nobody is sent anything for it. A panic ends the sessions that were to get
	// it with 1011. It must not call the Hub. Nil: JSON; see the package comment.
	Encode func(Event) (websocket.MessageType, []byte)

	// Registry tells the nodes who appears at the others. Nil: who appears here is all.
	Registry Registry

	// Grace is how long a user may be without a session before those who watch are told that the user left.
	// Negative: not at all. 0: 5 s.
	Grace time.Duration

	// Logger gets what a Log or a Registry fails with, and the panics of Encode and of Listen's functions.
	// Nil: slog.Default().
	Logger *slog.Logger

	once    sync.Once // guards start, after which what follows up to stats is fixed
	log     Log
	tail    *Tail
	shards  []*shard
	roster  *Roster
	started time.Time
	ctx     context.Context // ends with Close
	cancel  context.CancelFunc
	ended   sync.WaitGroup // the goroutines of start and of Listen

	joined    atomic.Uint64 // Join calls; they go round the shards
	published atomic.Uint64
	replayed  atomic.Uint64

	mu     sync.Mutex // guards closed, and ended against a Listen during Close
	closed bool
}

// start comes first in each method.
func (h *Hub) start() {
	h.once.Do(func() {
		h.started = time.Now()
		h.ctx, h.cancel = context.WithCancel(context.Background())
		h.tail = &Tail{window: h.window(), maxBytes: h.maxBytes()}
		if h.log = h.Log; h.log == nil {
			h.log = newLocal(h.window())
		}
		if l, ok := h.log.(*local); ok {
			l.attach(h.tail) // before the first Publish, which may be next
		}
		h.roster = newRoster(h)
		for i := range runtime.GOMAXPROCS(0) {
			s := newShard(h, i == 0)
			h.shards = append(h.shards, s)
			h.ended.Go(s.run)
		}
		h.follow("log", func(ctx context.Context) error { return h.log.Follow(ctx, h.tail) })
		if h.Registry != nil {
			h.follow("registry", func(ctx context.Context) error { return h.Registry.Follow(ctx, h.roster) })
		}
	})
}

// follow runs f until Close, again if it returns earlier.
func (h *Hub) follow(what string, f func(context.Context) error) {
	h.ended.Go(func() {
		for h.ctx.Err() == nil {
			err := f(h.ctx)
			if h.ctx.Err() != nil {
				return
			}
			h.logger().Warn("hub: following the "+what+" failed; it is tried again", "error", err)
			select {
			case <-h.ctx.Done():
			case <-time.After(time.Second):
			}
		}
	})
}

// window, maxBytes and maxReplay return the fields' values or their defaults.
func (h *Hub) window() time.Duration { return cmp.Or(max(h.Window, 0), 5*time.Minute) }
func (h *Hub) maxBytes() int         { return cmp.Or(h.MaxBytes, 64<<20) }
func (h *Hub) maxReplay() int        { return cmp.Or(h.MaxReplay, 1000) }

// logger returns where to log.
func (h *Hub) logger() *slog.Logger {
	if h.Logger != nil {
		return h.Logger
	}
	return slog.Default()
}

// Publish stores m; nil means it is stored, and every member gets it, the sender too. An error that matches
// ErrUnavailable means that it may or may not be: publish it again with the same ID, or, in a hook, end the session
// (return websocket.CloseError{Code: websocket.StatusTryAgainLater}), so that the client does, in order: what it
// sends later must not overtake. Other errors mean that it is not stored and never will be. Publish tries until ctx
// ends, and fails at once if the log is known to be away. It keeps nothing of m.Data.
func (h *Hub) Publish(ctx context.Context, m Message) error {
	h.start()
	if err := m.check(h.Encode == nil); err != nil {
		return err
	}
	if h.ctx.Err() != nil {
		return fmt.Errorf("%w: the hub is closed", ErrUnavailable)
	}
	if err := h.log.Append(ctx, m); err != nil {
		return err
	}
	h.published.Add(1)
	return nil
}

// Ready waits until this node has had all that the log holds of the window; until then it lets no session begin,
// and a service's readiness probe should say no. An error is ctx's, or that of Close.
func (h *Hub) Ready(ctx context.Context) error {
	h.start()
	select {
	case <-h.tail.ready():
		return nil
	case <-h.ctx.Done():
		return errors.New("hub: closed")
	case <-ctx.Done():
		return fmt.Errorf("hub: not ready: %w", context.Cause(ctx))
	}
}

// Lag returns how long ago this node last knew that it has all that is published; 0 on the log of one process.
// It grows while the log is away: a service whose other nodes are not may want to stop taking clients after 15 s.
func (h *Hub) Lag() time.Duration {
	h.start()
	return h.tail.lag(h.started)
}

// Recent returns the last n messages of topic, oldest first, as far as this node has them. The messages must not
// be changed.
func (h *Hub) Recent(topic string, n int) []Event {
	h.start()
	var all []Event
	for _, e := range h.tail.recent(topic, n) {
		all = append(all, e.event())
	}
	return all
}

// Close stops the Hub, and ends the sessions that are still members with 1001, since they would hear nothing any
// more. Call it once Handler.Shutdown has returned: hooks publish until then. It waits for the functions of
// Listen, and always returns nil. Later calls of other methods fail, or do nothing.
func (h *Hub) Close() error {
	h.start()
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	h.cancel()
	h.ended.Wait()
	h.roster.close()
	for _, s := range h.shards {
		s.close()
	}
	return nil
}

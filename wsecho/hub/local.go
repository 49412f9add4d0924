package hub

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sync"
	"time"
)

// maxLocalData is the longest Data that the local log takes: as long as natslog's, so that a service which grows
// meets no other limit.
const maxLocalData = 64 << 10

// local is the log of one process. It is nothing but its numbers, what was said lately, and the Tails to which it
// appends before Append returns.
type local struct {
	window time.Duration // how long the same ID is the same message

	mu    sync.Mutex // guards what follows; taken before a Tail's
	last  Position
	tails []*Tail
	seen  map[[16]byte]struct{} // the messages with an ID of the window
	queue []said                // the same, in log order
}

// said is a message that would be the same if it were published again.
type said struct {
	key   [16]byte
	stamp uint64
}

// newLocal returns an empty log.
func newLocal(window time.Duration) *local {
	return &local{window: window, last: Position{Stamp: uint64(time.Now().UnixNano())}, seen: map[[16]byte]struct{}{}}
}

// attach lets t have what is appended from now on.
func (l *local) attach(t *Tail) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t.isLog = true
	t.Start(l.last)
	t.Synced(l.last.Seq)
	l.tails = append(l.tails, t)
}

// Append stores m.
func (l *local) Append(ctx context.Context, m Message) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, context.Cause(ctx))
	}
	if len(m.Data) > maxLocalData {
		return fmt.Errorf("%w: %d bytes", ErrTooLarge, len(m.Data))
	}
	m.Data = bytes.Clone(m.Data) // a hook's are its own again when it returns
	key := m.key()
	l.mu.Lock()
	defer l.mu.Unlock()
	// Strictly rising, also where the clock stands still or is set back.
	stamp := max(uint64(time.Now().UnixNano()), l.last.Stamp+1)
	if m.ID != "" {
		l.forget(stamp)
		if _, same := l.seen[key]; same {
			return nil
		}
		l.seen[key] = struct{}{}
		l.queue = append(l.queue, said{key, stamp})
	}
	l.last = Position{Seq: l.last.Seq + 1, Stamp: stamp}
	for _, t := range l.tails {
		t.Append(Entry{l.last, m})
	}
	return nil
}

// Follow has nothing to do: Append feeds the Tails.
func (l *local) Follow(ctx context.Context, _ *Tail) error {
	<-ctx.Done()
	return ctx.Err()
}

// forget drops what was said more than a window ago. Under mu.
func (l *local) forget(now uint64) {
	n := 0
	for n < len(l.queue) && l.queue[n].stamp+uint64(l.window) < now {
		delete(l.seen, l.queue[n].key)
		n++
	}
	l.queue = l.queue[n:]
}

// key stands for the message's Topic, From and ID. The lengths are in it, or an ID that a client chooses could
// run over into another's name.
func (m *Message) key() (key [16]byte) {
	b := make([]byte, 0, 256)
	for _, s := range [...]string{m.Topic, m.From, m.ID} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	sum := sha256.Sum256(b)
	copy(key[:], sum[:])
	return key
}

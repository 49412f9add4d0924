package natslog

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"example.com/wsecho/wsecho/hub"
)

// streamEnd is the place of the stream's last entry.
func streamEnd(s *jetstream.StreamInfo) hub.Position {
	if s.State.LastSeq == 0 {
		return hub.Position{Stamp: stamp(s.Created)}
	}
	return hub.Position{Seq: s.State.LastSeq, Stamp: stamp(s.State.LastTime)}
}

// windowStart is the place just before the first entry that is within Window.
func (l *Log) windowStart(ctx context.Context, s *jetstream.StreamInfo) (hub.Position, error) {
	start := time.Now().Add(-l.window())
	if s.State.Msgs == 0 || s.State.LastTime.Before(start) {
		return streamEnd(s), nil
	}
	found, _, err := l.entries(ctx, pageRequest{StartTime: &start, Batch: 1})
	if err != nil {
		return hub.Position{}, err
	}
	if len(found) == 0 {
		return hub.Position{}, fmt.Errorf("a replica has nothing since %v, the stream's last entry is of %v", start, s.State.LastTime)
	}
	first := found[0].Position
	if first.Seq == 1 {
		return hub.Position{Stamp: stamp(s.Created)}, nil
	}
	before, _, err := l.entries(ctx, pageRequest{Seq: first.Seq - 1, Batch: 1})
	switch {
	case err != nil:
		return hub.Position{}, err
	case len(before) == 0 || before[0].Seq != first.Seq-1:
		return first, nil // MaxBytes has taken what was before it, so its own place is the first that is known
	}
	return before[0].Position, nil
}

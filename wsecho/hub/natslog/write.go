package natslog

import (
	"context"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// writeBatch is how many words are under way at once.
const writeBatch = 256

// write writes what is pending until ctx ends, from leased on: the others do not listen to a node without a lease.
func (r *registry) write(ctx context.Context, js jetstream.JetStream, leased <-chan struct{}) {
	select {
	case <-leased:
	case <-ctx.Done():
		return
	}
	for {
		batch := r.pending.take(writeBatch)
		if len(batch) == 0 {
			select {
			case <-r.pending.wake:
				continue
			case <-ctx.Done():
				return
			}
		}
		failed := publish(ctx, js, batch)
		r.pending.written(batch, failed)
		if len(failed) > 0 {
			pause(ctx, lookEvery)
		}
		if ctx.Err() != nil {
			return
		}
	}
}

// publish stores a batch, and returns what may not be stored.
func publish(ctx context.Context, js jetstream.JetStream, batch []*nats.Msg) (failed []*nats.Msg) {
	acks := make([]jetstream.PubAckFuture, len(batch))
	for i, m := range batch {
		acks[i], _ = js.PublishMsgAsync(m) // while NATS is away: nil
	}
	late := time.NewTimer(askTimeout)
	defer late.Stop()
	over := false
	for i, ack := range acks {
		stored := false
		if ack != nil && !over {
			select {
			case <-ack.Ok():
				stored = true
			case <-ack.Err():
			case <-late.C:
				over = true
			case <-ctx.Done():
				over = true
			}
		}
		if !stored {
			failed = append(failed, batch[i])
		}
	}
	return failed
}

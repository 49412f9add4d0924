package natslog

import (
	"context"
	"time"

	"github.com/nats-io/nats.go"

	"example.com/wsecho/wsecho/hub"
)

// liveBatch is how many live messages go into the Tail at once, where that many wait.
const liveBatch = 512

// takeLive takes m and what waits behind it in live. Only a message with the next number is the entry. Any other that
// is new is a hint that something was lost on the way, and may be forged: the stream is asked. So it is while the
// follower is not sure: after an outage the stream may have lost its end and put others there, and if the first
// of those was told to nobody the next would seem to follow.
func (f *follower) takeLive(ctx context.Context, m *nats.Msg, live <-chan *nats.Msg) error {
	at := f.t.Last()
	next := at.Seq + 1
	batch := make([]hub.Entry, 0, min(liveBatch, 1+len(live)))
	for {
		s, err := read(m)
		if err != nil {
			f.t.Append(batch...)
			return err
		}
		e := f.l.decode(s)
		switch {
		case e.Seq > next, e.Seq == next && !f.sure,
			e.Seq == at.Seq && e.Stamp != at.Stamp, // another entry in the last one's place
			e.Seq == 1:                             // the first of a stream, which may be another one
			f.t.Append(batch...)
			return f.fillTo(ctx, e.Seq)
		case e.Seq == next:
			batch = append(batch, e)
			next++
		}
		if len(batch) == cap(batch) {
			break
		}
		select {
		case m = <-live:
			continue
		default:
		}
		break
	}
	f.t.Append(batch...)
	return nil
}

// fillTo fills until the Tail has the entry of that number. The replica that answers may not have it yet, for a
// moment; if it stays without, the next tick asks again.
func (f *follower) fillTo(ctx context.Context, seq uint64) error {
	for range 5 {
		if err := f.fill(ctx); err != nil || f.t.Last().Seq >= seq {
			return err
		}
		pause(ctx, 2*time.Millisecond)
	}
	return nil
}

package natslog

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"

	"example.com/wsecho/wsecho/hub"
)

// How often a follower does what no message asks for.
const (
	fillEvery   = time.Second // a live message that is lost on a route between servers shows in no other way
	refillEvery = 100 * time.Millisecond
	stateEvery  = 3 * time.Second // where the stream ends, which only its leader knows
	askTimeout  = 2 * time.Second // of what a leader answers
	pageTimeout = time.Second     // of what any replica answers; what has come by then is not lost
)

// liveBuffer is how many live messages may wait; those that find no room are read from the stream.
const liveBuffer = 64 << 10

// A follower feeds one Tail. It belongs to the goroutine of Follow.
type follower struct {
	l       *Log
	t       *hub.Tail
	created uint64    // when the stream was made, in ns since 1970: the stamp of the place before its first entry
	proven  time.Time // when the Tail's last entry was last seen in the stream
	sure    bool      // the last fill was whole, and the connection has not been away since
	trouble trouble
}

// Follow feeds t with what the stream has stored within Window and with what it stores, until ctx ends. It takes
// what the server republishes as it stores it, and asks the replicas for what that lacks: a consumer would be made
// through the leader of all servers, and live on one of them, so that its loss would be a longer silence.
func (l *Log) Follow(ctx context.Context, t *hub.Tail) error {
	if err := l.init(); err != nil {
		return err
	}
	// Subscribed before anything is asked, and to reconnects before that: what comes between is seen twice, not never.
	connected := l.Conn.StatusChanged(nats.CONNECTED)
	defer l.Conn.RemoveStatusListener(connected)
	live := make(chan *nats.Msg, liveBuffer)
	sub, err := l.Conn.ChanSubscribe(l.liveSubject()+">", live)
	if err != nil {
		return fmt.Errorf("wsecho: natslog: %w", err)
	}
	defer sub.Unsubscribe()

	f := &follower{l: l, t: t, proven: time.Now(), trouble: trouble{logger: l.logger(), stream: l.stream()}}
	if err := f.begin(ctx); err != nil {
		return err
	}
	return f.run(ctx, live, connected)
}

// begin waits for the stream, starts an empty Tail, and reads until the Tail has all that the stream had then.
func (f *follower) begin(ctx context.Context) error {
	for {
		err := f.tryBegin(ctx)
		f.trouble.note(err)
		if err == nil || ctx.Err() != nil || f.l.Conn.IsClosed() {
			return err
		}
		pause(ctx, refillEvery)
	}
}

func (f *follower) tryBegin(ctx context.Context) error {
	if !f.l.Conn.IsConnected() {
		return fmt.Errorf("nats is %s", f.l.Conn.Status())
	}
	asking, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	if f.created == 0 {
		if err := f.l.ensure(asking, f.l.Config()); err != nil {
			return err
		}
	}
	s, err := f.l.state(asking)
	if err != nil {
		return err
	}
	f.created = stamp(s.Created)
	if f.t.Last() == (hub.Position{}) {
		p, err := f.l.windowStart(asking, s)
		if err != nil {
			return err
		}
		f.t.Start(p)
	}
	if err := f.fill(ctx); err != nil {
		return err
	}
	if have := f.t.Last().Seq; have < s.State.LastSeq {
		return fmt.Errorf("a replica ends at %d, the stream at %d", have, s.State.LastSeq)
	}
	f.t.Synced(s.State.LastSeq)
	return nil
}

// run takes live messages, and sees that they are all there are.
func (f *follower) run(ctx context.Context, live <-chan *nats.Msg, connected <-chan nats.Status) error {
	fill := time.NewTicker(fillEvery)
	defer fill.Stop()
	wasSure := true
	state := time.NewTicker(stateEvery)
	defer state.Stop()
	asked := make(chan ending, 1)
	asking := false // somebody will send to asked
	defer func() {
		if asking {
			<-asked
		}
	}()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for {
		var err error
		select {
		case m := <-live:
			if len(connected) > 0 {
				f.sure = false
			}
			err = f.takeLive(ctx, m, live)
		case <-connected: // what came meanwhile was told to nobody
			err = f.fill(ctx)
		case <-fill.C:
			err = f.fill(ctx)
		case <-state.C:
			if !asking {
				asking = true
				had := f.t.Last().Seq // what comes while the answer is under way does not count
				go func() { asked <- f.l.askEnding(ctx, had) }()
			}
		case e := <-asked:
			asking = false
			err = f.compare(ctx, e)
		case <-ctx.Done():
			return ctx.Err()
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if f.l.Conn.IsClosed() {
			return fmt.Errorf("wsecho: natslog: %w", nats.ErrConnectionClosed)
		}
		f.trouble.note(err)
		if f.sure != wasSure { // what failed is tried again soon
			wasSure = f.sure
			if f.sure {
				fill.Reset(fillEvery)
			} else {
				fill.Reset(refillEvery)
			}
		}
	}
}

// An ending is where the stream ended when its leader was asked.
type ending struct {
	end uint64
	had uint64 // the Tail's last number when it was asked
	err error
}

func (l *Log) askEnding(ctx context.Context, had uint64) ending {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	s, err := l.state(ctx)
	if err != nil {
		return ending{err: err}
	}
	return ending{end: s.State.LastSeq, had: had}
}

// compare holds the Tail against the stream's end.
func (f *follower) compare(ctx context.Context, e ending) error {
	switch {
	case e.err != nil:
		return e.err
	case e.end < e.had || e.end > f.t.Last().Seq: // the stream lost its end, or the Tail lacks something
		if err := f.fill(ctx); err != nil {
			return err
		}
	}
	if e.end >= e.had {
		f.t.Synced(e.end)
	}
	return nil
}

package natslog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"example.com/wsecho/wsecho/hub"
)

// maxDoubts is how often, doubtWait apart, the stream may be without the Tail's last entry before the Tail is begun
// anew: a replica that answers, and for a moment a leader that was just elected, may not have all yet.
const (
	maxDoubts = 5
	doubtWait = 100 * time.Millisecond
)

// errOther is a doubt: what the stream has does not go on from where the Tail is.
var errOther = errors.New("the stream does not have what this node has")

// fill reads what follows the Tail's last entry, until a replica has no more. If the stream turns out not to have
// that entry, the Tail begins anew at the stream's end.
func (f *follower) fill(ctx context.Context) (err error) {
	defer func() { f.sure = err == nil }()
	if !f.l.Conn.IsConnected() {
		return fmt.Errorf("nats is %s", f.l.Conn.Status())
	}
	for doubts := 0; ; {
		more, err := f.fillPage(ctx)
		switch {
		case errors.Is(err, errOther):
			if doubts++; doubts == maxDoubts {
				return f.anew(ctx)
			}
			pause(ctx, doubtWait)
		case err != nil || !more:
			return err
		}
	}
}

// fillPage appends one page to the Tail. It asks from the Tail's last entry on, which must come back with the same
// stamp, or the entries behind it are not those that follow it.
func (f *follower) fillPage(ctx context.Context) (more bool, err error) {
	at := f.t.Last()
	paging, cancel := context.WithTimeout(ctx, pageTimeout)
	entries, more, err := f.l.entries(paging, pageRequest{Seq: max(at.Seq, 1), Batch: pageSize})
	cancel()
	switch {
	case len(entries) > 0 && entries[0].Position == at:
		f.proven = time.Now()
		entries = entries[1:]
	case len(entries) > 0 && entries[0].Seq == at.Seq:
		return false, errOther
	case err != nil:
		return false, err
	default: // deleted for its age, or not at this replica yet
		if err := f.ask(ctx, at, len(entries) == 0); err != nil {
			return false, err
		}
	}
	for i, e := range entries {
		if e.Seq != at.Seq+1+uint64(i) {
			f.t.Append(entries[:i]...)
			return false, errOther // a hole
		}
	}
	f.t.Append(entries...)
	return more, err
}

// entries asks any replica for a page of the log.
func (l *Log) entries(ctx context.Context, q pageRequest) (es []hub.Entry, more bool, err error) {
	q.Subject = l.logSubject() + ">"
	p, err := l.getPage(ctx, l.stream(), q)
	es = make([]hub.Entry, len(p.messages))
	for i, s := range p.messages {
		es[i] = l.decode(s)
	}
	return es, p.more, err
}

// ask lets the stream's leader say whether it had an entry at p, which a replica has not: errOther if not, nil also
// where it can only say that nothing speaks against it. behind: that replica has nothing after p either.
func (f *follower) ask(ctx context.Context, p hub.Position, behind bool) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	s, err := f.l.state(ctx)
	if err != nil {
		return err
	}
	first, last := s.State.FirstSeq, s.State.LastSeq
	sameStream := stamp(s.Created) == f.created
	switch {
	case p.Seq == 0:
		// Before the first entry of this very stream, of which none is deleted.
		if sameStream && p.Stamp == f.created && first <= 1 {
			return nil
		}
	case p.Seq == last && p.Stamp == stamp(s.State.LastTime):
		f.proven = time.Now()
		return nil
	case p.Seq+1 == first:
		// Deleted for its age, and nothing after it was. Another entry in its place would be younger than what was
		// seen there, and not be deleted yet.
		if sameStream && time.Since(f.proven) < s.Config.MaxAge {
			return nil
		}
	case behind && first <= p.Seq && p.Seq < last: // the next answer may be another replica's
		return fmt.Errorf("a replica lacks entry %d of %d", p.Seq, last)
	}
	return errOther
}

// anew begins at the end of the stream, and all sessions of the node are told.
func (f *follower) anew(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	s, err := f.l.state(ctx)
	if err != nil {
		return err
	}
	had := f.t.Last()
	f.created, f.proven = stamp(s.Created), time.Now()
	f.t.Start(streamEnd(s))
	f.l.logger().Error("wsecho: natslog: the stream does not have what this node has: all sessions are told to read the state anew",
		"stream", f.l.stream(), "had", had, "first", s.State.FirstSeq, "last", s.State.LastSeq)
	return nil
}

package natslog

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"example.com/wsecho/wsecho/hub"
)

// pageEntries and pageBytes bound one answer of a replica.
const (
	pageEntries = 1000
	pageBytes   = 4 << 20
)

// A pageRequest asks for the entries from a number, or from a time, on (ADR-31 of NATS).
type pageRequest struct {
	Seq       uint64     `json:"seq,omitempty"`
	StartTime *time.Time `json:"start_time,omitempty"`
	Subject   string     `json:"next_by_subj"`
	Batch     int        `json:"batch"`
	MaxBytes  int        `json:"max_bytes"`
}

// A page is what a replica has of what was asked for.
type page struct {
	entries []hub.Entry // in order
	more    bool        // it has others behind these
}

// pageFrom asks any replica for the entries from the number seq on, at most n of them. An empty page means that this
// replica has none there, which it may only not have yet. With an error the page holds what came before it.
func (l *Log) pageFrom(ctx context.Context, seq uint64, n int) (page, error) {
	return l.page(ctx, pageRequest{Seq: seq, Batch: n})
}

// pageSince is pageFrom for the entries from a time on.
func (l *Log) pageSince(ctx context.Context, start time.Time, n int) (page, error) {
	return l.page(ctx, pageRequest{StartTime: &start, Batch: n})
}

func (l *Log) page(ctx context.Context, q pageRequest) (page, error) {
	q.Subject, q.MaxBytes = l.logSubject()+">", pageBytes
	body, err := json.Marshal(q)
	if err != nil {
		return page{}, err
	}
	inbox := l.Conn.NewInbox()
	answers := make(chan *nats.Msg, q.Batch+1) // and what ends them
	sub, err := l.Conn.ChanSubscribe(inbox, answers)
	if err != nil {
		return page{}, err
	}
	defer sub.Unsubscribe()
	if err := l.Conn.PublishRequest(l.api("DIRECT.GET."+l.stream()), inbox, body); err != nil {
		return page{}, err
	}
	var p page
	for {
		select {
		case <-ctx.Done():
			return p, ctx.Err()
		case m := <-answers:
			if ended, err := l.take(&p, m); ended || err != nil {
				return p, err
			}
		}
	}
}

// take adds one answer to p. ended is true for the one behind the last entry.
func (l *Log) take(p *page, m *nats.Msg) (ended bool, err error) {
	// A stored message may have a Status of its publisher's, and only a stored message has a number.
	if last(m.Header, headerSequence) == "" {
		switch status := m.Header.Get("Status"); status {
		case "204": // the end of this page
			p.more = m.Header.Get("Nats-Num-Pending") != "0"
			return true, nil
		case "404":
			return true, nil
		default: // 503 while no replica is up, and for a moment after one is
			return true, fmt.Errorf("wsecho: natslog: direct get: %s %s", status, m.Header.Get("Description"))
		}
	}
	e, err := l.decode(m)
	if err != nil {
		return true, err
	}
	if n := len(p.entries); n > 0 && last(m.Header, headerBefore) != strconv.FormatUint(p.entries[n-1].Seq, 10) {
		return true, fmt.Errorf("wsecho: natslog: direct get: an answer before entry %d was lost", e.Seq)
	}
	p.entries = append(p.entries, e)
	return false, nil
}

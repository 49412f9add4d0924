package natslog

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
)

// pageSize and pageBytes bound one answer of a replica.
const (
	pageSize  = 1000
	pageBytes = 4 << 20
)

// A pageRequest asks for the messages of a stream from a number, or from a time, on (ADR-31 of NATS).
type pageRequest struct {
	Seq       uint64     `json:"seq,omitempty"`
	StartTime *time.Time `json:"start_time,omitempty"`
	Subject   string     `json:"next_by_subj"`
	Batch     int        `json:"batch"`
	MaxBytes  int        `json:"max_bytes"`
}

// A page is what a replica has of what was asked for. An empty one means that it has none there, which it may only not
// have yet.
type page struct {
	stream   string
	messages []stored // in order
	more     bool     // it has others behind these
}

// getPage asks any replica of a stream. With an error the page holds what came before it.
func (l *Log) getPage(ctx context.Context, stream string, q pageRequest) (page, error) {
	p := page{stream: stream}
	q.MaxBytes = pageBytes
	body, err := json.Marshal(q)
	if err != nil {
		return p, err
	}
	inbox := l.Conn.NewInbox()
	answers := make(chan *nats.Msg, q.Batch+1) // and what ends them
	sub, err := l.Conn.ChanSubscribe(inbox, answers)
	if err != nil {
		return p, err
	}
	defer sub.Unsubscribe()
	if err := l.Conn.PublishRequest(l.api("DIRECT.GET."+stream), inbox, body); err != nil {
		return p, err
	}
	for {
		select {
		case <-ctx.Done():
			return p, ctx.Err()
		case m := <-answers:
			if ended, err := p.take(m); ended || err != nil {
				return p, err
			}
		}
	}
}

// take adds one answer. ended is true for the one behind the last message.
func (p *page) take(m *nats.Msg) (ended bool, err error) {
	// A stored message may have a Status of its publisher's, and only a stored message has a number.
	if last(m.Header, headerSequence) == "" {
		switch status := m.Header.Get("Status"); status {
		case "204": // the end of this page
			p.more = m.Header.Get("Nats-Num-Pending") != "0"
			return true, nil
		case "404":
			return true, nil
		default: // 503 while no replica is up, and for a moment after one is
			return true, fmt.Errorf("wsecho: natslog: %s answers %s %s", p.stream, status, m.Header.Get("Description"))
		}
	}
	s, err := read(m)
	if err != nil {
		return true, err
	}
	if n := len(p.messages); n > 0 && s.before != p.messages[n-1].seq {
		return true, fmt.Errorf("wsecho: natslog: an answer of %s before message %d was lost", p.stream, s.seq)
	}
	p.messages = append(p.messages, s)
	return false, nil
}

package natslog

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"example.com/wsecho/wsecho/hub"
)

// The headers of a stored message. JetStream adds its own behind those of the publisher, who may have set the same:
// the last one counts.
const (
	headerID       = "Id"
	headerFrom     = "From"
	headerMsgID    = "Nats-Msg-Id"
	headerSubject  = "Nats-Subject"
	headerSequence = "Nats-Sequence"
	headerTime     = "Nats-Time-Stamp"
	headerBefore   = "Nats-Last-Sequence"
)

// encode writes m as the message that is stored.
func (l *Log) encode(m hub.Message) *nats.Msg {
	h := nats.Header{headerMsgID: {msgID(m)}}
	if m.ID != "" {
		h[headerID] = []string{url.QueryEscape(m.ID)}
	}
	if m.From != "" {
		h[headerFrom] = []string{url.QueryEscape(m.From)}
	}
	return &nats.Msg{Subject: l.logSubject() + encodeTopic(m.Topic), Header: h, Data: m.Data}
}

// msgID returns what makes JetStream store m once. Its window is the stream's, not the subject's, so that an ID that a
// client has chosen must not be able to suppress another's message: Topic and From are in it, each with its length,
// and hashed, as others may read it. Without an ID it is random: Append's own second try must not store m twice.
func msgID(m hub.Message) string {
	if m.ID == "" {
		return nats.NewInbox()
	}
	h := sha256.New()
	for _, s := range []string{m.Topic, m.From, m.ID} {
		fmt.Fprintf(h, "%d:%s", len(s), s)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// decode reads what the stream has stored, as it comes from direct get and in live messages. What others have
// published in subjects that are no topic's is an Entry without a Topic: it takes a place, and nobody gets it.
func (l *Log) decode(m *nats.Msg) (hub.Entry, error) {
	var e hub.Entry
	seq, err := strconv.ParseUint(last(m.Header, headerSequence), 10, 64)
	if err != nil {
		return e, fmt.Errorf("wsecho: natslog: %s: %w", headerSequence, err)
	}
	stamp, err := time.Parse(time.RFC3339Nano, last(m.Header, headerTime))
	if err != nil {
		return e, fmt.Errorf("wsecho: natslog: %s: %w", headerTime, err)
	}
	e.Position = hub.Position{Seq: seq, Stamp: uint64(stamp.UnixNano())}
	tokens, ours := strings.CutPrefix(last(m.Header, headerSubject), l.logSubject())
	if !ours {
		return e, nil
	}
	topic, ok := decodeTopic(tokens)
	if !ok {
		return e, nil
	}
	e.Topic, e.Data = topic, m.Data
	e.ID = unescape(m.Header.Get(headerID))
	e.From = unescape(m.Header.Get(headerFrom))
	return e, nil
}

// last returns the last value of a header; "" if there is none.
func last(h nats.Header, key string) string {
	vs := h[key]
	if len(vs) == 0 {
		return ""
	}
	return vs[len(vs)-1]
}

// unescape reads a header that encode wrote, or that another publisher may have written otherwise.
func unescape(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}

package natslog

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"

	"github.com/nats-io/nats.go"

	"example.com/wsecho/wsecho/hub"
)

// The headers of a message in the log: who published it, under which ID, and what JetStream knows it again by.
const (
	headerID    = "Id"
	headerFrom  = "From"
	headerMsgID = "Nats-Msg-Id"
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
// and hashed, as they may be long. Without an ID it is random: Append's own second try must not store m twice.
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

// decode reads what the log has stored. What others have published in subjects that are no topic's is an Entry
// without a Topic: it takes a place, and nobody gets it.
func (l *Log) decode(s stored) hub.Entry {
	e := hub.Entry{Position: hub.Position{Seq: s.seq, Stamp: s.stamp}}
	tokens, ours := strings.CutPrefix(s.subject, l.logSubject())
	if !ours {
		return e
	}
	topic, ok := decodeTopic(tokens)
	if !ok {
		return e
	}
	e.Topic, e.Data = topic, s.data
	e.ID, e.From = unescape(s.header.Get(headerID)), unescape(s.header.Get(headerFrom))
	return e
}

// unescape reads a header that encode wrote, or that another publisher may have written otherwise.
func unescape(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}

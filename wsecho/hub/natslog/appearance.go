package natslog

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"example.com/wsecho/wsecho/hub"
)

// appearance is what is stored of a hub.Appearance beside its subject, which holds the session and the topic.
type appearance struct {
	User  string          `json:"user"`
	Info  json.RawMessage `json:"info,omitempty"`
	Since time.Time       `json:"since"`
}

// encode writes a as the message that is stored.
func (r *registry) encode(a hub.Appearance) *nats.Msg {
	body, err := json.Marshal(appearance{User: a.User, Info: a.Info, Since: a.Since})
	if err != nil { // Info is no JSON: then nobody can show it
		body, _ = json.Marshal(appearance{User: a.User, Since: a.Since})
	}
	return &nats.Msg{Subject: r.subject(a), Data: body}
}

// encodeGone writes that a does not appear any more: a message without a body, that goes by itself once every node
// has seen it.
func (r *registry) encodeGone(a hub.Appearance) *nats.Msg {
	return &nats.Msg{Subject: r.subject(a), Header: nats.Header{jetstream.MsgTTLHeader: {markerTime.String()}}}
}

func (r *registry) subject(a hub.Appearance) string {
	return "wsecho." + r.l.Name + ".here." + r.node + "." + a.Session + "." + encodeTopic(a.Topic)
}

// word is what one message of the stream of presence says.
type word struct {
	seq  uint64
	node string
	gone bool // the session's appearance is over, or the node's lease
	// The appearance that it is about. Session is "" in a message about the lease.
	hub.Appearance
}

// decodeWord reads a message of the stream of presence. ok is false for what no node has written.
func (l *Log) decodeWord(s stored) (w word, ok bool) {
	w.seq = s.seq
	rest, ours := strings.CutPrefix(s.subject, "wsecho."+l.Name+".")
	if !ours {
		return w, false
	}
	if node, lease := strings.CutPrefix(rest, "node."); lease {
		// What the server puts where a message has run out says why.
		w.node, w.gone = node, last(s.header, jetstream.MarkerReasonHeader) != ""
		return w, true
	}
	parts := strings.SplitN(rest, ".", 4) // here, node, session, topic
	if len(parts) != 4 || parts[0] != "here" {
		return w, false
	}
	w.node, w.Session = parts[1], parts[2]
	if w.Topic, ok = decodeTopic(parts[3]); !ok {
		return w, false
	}
	if len(s.data) == 0 {
		w.gone = true
		return w, true
	}
	var a appearance
	if json.Unmarshal(s.data, &a) != nil {
		return w, false
	}
	w.User, w.Info, w.Since = a.User, a.Info, a.Since
	return w, true
}

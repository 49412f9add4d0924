package hub

import (
	"encoding/json"
	"strconv"
	"strings"
)

// parsePosition is the reverse of Position.String. ok is false for anything that String does not return.
func parsePosition(s string) (p Position, ok bool) {
	seq, stamp, ok := strings.Cut(s, "-")
	if !ok {
		return Position{}, false
	}
	var err, err2 error
	p.Seq, err = strconv.ParseUint(seq, 36, 64)
	p.Stamp, err2 = strconv.ParseUint(stamp, 36, 64)
	if err != nil || err2 != nil || p.String() != s {
		return Position{}, false
	}
	return p, true
}

// encodeJSON makes the frame of the subprotocol rooms.v1; see the package comment. Nil: there is none, since Data
// that another program has put into the log is no JSON.
func encodeJSON(ev Event) []byte {
	if ev.Here != nil {
		return encodeHere(ev.Here)
	}
	size := 64
	if m := ev.Message; m != nil {
		if !isText(m.Data) {
			return nil
		}
		size += len(m.Topic) + len(m.ID) + len(m.From) + len(m.Data)
	}
	b := append(make([]byte, 0, size), `{"at":`...)
	b = appendString(b, ev.At)
	if m := ev.Message; m != nil {
		b = appendMember(b, `,"topic":`, m.Topic)
		b = appendMember(b, `,"id":`, m.ID)
		b = appendMember(b, `,"from":`, m.From)
		if len(m.Data) > 0 {
			b = append(append(b, `,"data":`...), m.Data...)
		}
	}
	if ev.Reset {
		b = append(b, `,"reset":true`...)
	}
	return append(b, '}')
}

// appendMember appends name and the string value, unless that is empty.
func appendMember(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	return appendString(append(b, name...), value)
}

// appendString appends s as a JSON string.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			q, err := json.Marshal(s)
			if err != nil {
				panic(err) // a string always marshals
			}
			return append(b, q...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

// encodeHere makes the frame that tells of presence.
func encodeHere(h *Here) []byte {
	out := struct {
		Topic  string      `json:"topic"`
		Here   *[]Presence `json:"here,omitempty"` // there, though it be empty, unless these are changes
		Joined []Presence  `json:"joined,omitempty"`
		Left   []Presence  `json:"left,omitempty"`
		Users  int         `json:"users"`
	}{h.Topic, nil, h.Joined, h.Left, h.Users}
	if h.All != nil {
		out.Here = &h.All
	}
	b, err := json.Marshal(out)
	if err != nil {
		return nil // Info is the hooks': Appear has logged one that is no JSON
	}
	return b
}

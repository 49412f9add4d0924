package natslog

import (
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
)

// The headers that JetStream adds to a message that it hands out. They come behind those of its publisher, who may have
// set the same: the last one counts.
const (
	headerSubject  = "Nats-Subject"
	headerSequence = "Nats-Sequence"
	headerTime     = "Nats-Time-Stamp"
	headerBefore   = "Nats-Last-Sequence"
)

// stored is a message as a stream has it, read from an answer of a replica or from what the stream republishes.
type stored struct {
	subject string
	seq     uint64
	stamp   uint64 // when it was stored, in ns since 1970
	before  uint64 // the number of the message before it: in the page, or in the subject if it is republished
	header  nats.Header
	data    []byte
}

// read reads m's headers.
func read(m *nats.Msg) (stored, error) {
	s := stored{subject: last(m.Header, headerSubject), header: m.Header, data: m.Data}
	var err error
	if s.seq, err = strconv.ParseUint(last(m.Header, headerSequence), 10, 64); err != nil {
		return s, fmt.Errorf("wsecho: natslog: %s: %w", headerSequence, err)
	}
	at, err := time.Parse(time.RFC3339Nano, last(m.Header, headerTime))
	if err != nil {
		return s, fmt.Errorf("wsecho: natslog: %s: %w", headerTime, err)
	}
	s.stamp = stamp(at)
	if before := last(m.Header, headerBefore); before != "" {
		if s.before, err = strconv.ParseUint(before, 10, 64); err != nil {
			return s, fmt.Errorf("wsecho: natslog: %s: %w", headerBefore, err)
		}
	}
	return s, nil
}

// last returns the last value of a header; "" if there is none.
func last(h nats.Header, key string) string {
	vs := h[key]
	if len(vs) == 0 {
		return ""
	}
	return vs[len(vs)-1]
}

// stamp is t as a hub.Position has it.
func stamp(t time.Time) uint64 { return uint64(t.UnixNano()) }

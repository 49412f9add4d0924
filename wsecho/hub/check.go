package hub

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	maxTopic    = 200 // bytes; NATS advises at most 256 for a subject
	maxSegments = 14  // NATS advises at most 16 tokens
	maxName     = 128 // bytes of an ID and of a From
)

// checkTopic returns an error that matches ErrTopic if nothing can be published in topic.
func checkTopic(topic string) error {
	switch {
	case topic == "":
		return fmt.Errorf("%w: it is empty", ErrTopic)
	case len(topic) > maxTopic:
		return fmt.Errorf("%w: %d bytes, at most %d", ErrTopic, len(topic), maxTopic)
	case !utf8.ValidString(topic):
		return fmt.Errorf("%w: %.40q is not UTF-8", ErrTopic, topic)
	case strings.Count(topic, "/") >= maxSegments:
		return fmt.Errorf("%w: %.40q has more than %d segments", ErrTopic, topic, maxSegments)
	}
	return nil
}

// check returns an error if m cannot be published. asJSON: its Data becomes part of a JSON text.
func (m *Message) check(asJSON bool) error {
	if err := checkTopic(m.Topic); err != nil {
		return err
	}
	for _, f := range [...]struct{ what, value string }{{"ID", m.ID}, {"From", m.From}} {
		switch {
		case len(f.value) > maxName:
			return fmt.Errorf("%w: %s has %d bytes, at most %d", ErrTooLarge, f.what, len(f.value), maxName)
		case !utf8.ValidString(f.value):
			return fmt.Errorf("hub: %s %.40q is not UTF-8", f.what, f.value)
		}
	}
	if asJSON && !isText(m.Data) {
		return errors.New("hub: Data is not JSON")
	}
	return nil
}

// isText says whether data is nothing, or JSON that may be sent in a text frame: encoding/json passes strings that
// are not UTF-8, and RFC 6455 section 8.1 has the client fail the connection over one.
func isText(data []byte) bool {
	return len(data) == 0 || json.Valid(data) && utf8.Valid(data)
}

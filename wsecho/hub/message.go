package hub

import (
	"encoding/json"
	"errors"
	"time"
)

var (
	// ErrUnavailable is what Publish's error matches when the message may or may not be stored, and Here's while
	// this node does not know who appears at the others.
	ErrUnavailable = errors.New("hub: the log is unavailable")
	// ErrTooLarge is what Publish's error matches when the log takes no message of that size.
	ErrTooLarge = errors.New("hub: the message is too large")
	// ErrTopic is what Publish's error matches when the topic is not one: see Message.Topic.
	ErrTopic = errors.New("hub: not a topic")
)

// Message is what is published in a topic.
type Message struct {
	// Topic is 1 to 200 bytes of UTF-8 in at most 14 segments between slashes, as in room/go or user/42. A name
	// that users choose belongs behind a segment of the service's own: room/ and the name, never the bare name.
	Topic string
	// ID makes it the same message when it is published again: a Log stores the same Topic, From and ID once
	// within Window. At most 128 bytes of UTF-8. "": each Publish is another message.
	ID string
	// From is who says it, as the hooks know them, and never what a client claims. At most 128 bytes of UTF-8.
	From string
	// Data is what is said: JSON, unless Hub.Encode is set. It is the publisher's again when Publish returns; what
	// Listen, Recent and Encode are handed must not be changed. Nil: nothing.
	Data []byte
}

// Event is what a session is told.
type Event struct {
	At      string   // its place in the log with this: what the client says as since; "": presence has none
	Message *Message // what was published; nil: this is not about a message
	Reset   bool     // there may be messages before At that it never gets: read the state anew
	Here    *Here    // who comes and goes; nil: this is not about presence
}

// Presence is a user who appears in a topic, on however many devices.
type Presence struct {
	User     string          `json:"user"`
	Info     json.RawMessage `json:"info,omitempty"` // of the session that appeared last; nil: none
	Since    time.Time       `json:"since"`          // when the first of the sessions appeared
	Sessions int             `json:"sessions"`       // 0: away, and within Hub.Grace
}

// Here is what a watcher of a topic is told: all who appear there, then the changes.
type Here struct {
	Topic  string     // the topic that is watched
	All    []Presence // everybody, the longest here first; nil: these are changes, or too many to list
	Joined []Presence // who came since the last frame, or has another Info
	Left   []Presence // who went since the last frame
	Users  int        // how many there are; beyond 200 this alone is told
}

package hub

import (
	"context"
	"encoding/json"
	"strconv"
	"time"
)

// A Log is an engine: a sequence of messages that all nodes see alike. Package logtest holds one against what a
// Hub relies on. Its methods may be called from any goroutine.
type Log interface {
	// Append stores m at the end, unless a message of the same Topic, From and ID is among those of the window;
	// that is no error. Nil means that it is stored. An error that matches ErrUnavailable means that it may or may
	// not be, ErrTooLarge that it is not. It tries until ctx ends, and fails at once while the log is known to be
	// away. The Hub has checked m's Topic, ID and From; the Log must not keep m.Data when it returns.
	Append(ctx context.Context, m Message) error

	// Follow feeds t until ctx ends: Start where the window begins, Append what is there and what comes, in the
	// log's order and without a hole, Synced whenever it has asked where the log ends, which is to be every few
	// seconds. Where the log cannot be reached it tries again by itself. If it returns earlier, the Hub logs why
	// and calls it again a second later with the same t, whose Last says how far it is. t is fed by one goroutine
	// at a time.
	Follow(ctx context.Context, t *Tail) error
}

// Position is a place in a log: just behind the entry of that number. The zero Position is before everything.
type Position struct {
	Seq   uint64 // the entry's number; they rise, and need not be consecutive
	Stamp uint64 // the log's time of that entry in ns since 1970: another log, or one that lost its end, has another
}

// String returns the position as clients get it: both numbers in base 36.
func (p Position) String() string {
	b := make([]byte, 0, 28)
	return string(p.append(b))
}

// append appends what String returns to b.
func (p Position) append(b []byte) []byte {
	b = strconv.AppendUint(b, p.Seq, 36)
	b = append(b, '-')
	return strconv.AppendUint(b, p.Stamp, 36)
}

// Entry is a message in its place.
type Entry struct {
	Position
	Message
}

// An Appearance is a session that lets a user be seen in a topic.
type Appearance struct {
	Session string          // the session, as its own node calls it: letters and digits, never used again by this Hub
	Topic   string          // where it appears
	User    string          // who is seen
	Info    json.RawMessage // what the hooks show of the user; nil: nothing
	Since   time.Time       // when it appeared
}

// A Registry is where the nodes tell each other who appears where. Each node, that is each Hub, has a name in it
// that nobody had before. Nothing is read from a Registry on behalf of a client: every node knows all.
type Registry interface {
	// Put tells the other nodes that a appears, or has another User or Info than before. Remove tells them that
	// the one of a.Session and a.Topic does not any more. Both are called in order, with a lock of the Hub held:
	// they must neither wait nor call the Roster. What they cannot tell, since the registry is away, Follow
	// tells once it is back.
	Put(a Appearance)
	Remove(a Appearance)

	// Follow feeds r with the appearances of the other nodes until ctx ends: Begin, Put for each that is there,
	// Complete, then each change. Whenever it may have missed one it begins again. It keeps this node's own
	// known: it tells r.Own() at first and whenever the others may have forgotten them. When ctx ends it
	// leaves them, so that a node that is replaced does not show as its users leaving: the others forget a node
	// that has been silent for 10 s, and drop it. If it returns earlier it is called again a second later.
	Follow(ctx context.Context, r *Roster) error
}

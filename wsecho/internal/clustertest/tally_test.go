package clustertest

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

// A tally is what all clients of a run have seen, held against what they have sent.
type tally struct {
	t testing.TB

	mu         sync.Mutex
	sent       map[string]int            // by sender: the number of its last message
	seen       map[*client]map[said]bool // what each client got
	places     map[string]said           // by at and room: what is there
	delivered  int
	twice      int
	misordered int // older than what the client had, or with another message in its place than others saw
	resets     int
	resent     int
	returns    int
	away       time.Duration // the longest without a connection
	silence    time.Duration // the longest without a message, of any client
}

// said is the message of that number of a sender.
type said struct {
	from string
	n    int
}

func newTally(t testing.TB) *tally {
	return &tally{t: t, sent: map[string]int{}, seen: map[*client]map[said]bool{}, places: map[string]said{}}
}

// got counts a message that c was given. It belongs to c's goroutine that reads.
func (y *tally) got(c *client, at string, s said, silence time.Duration) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.delivered++
	y.silence = max(y.silence, silence)
	seen := y.seen[c]
	if seen == nil {
		seen = map[said]bool{}
		y.seen[c] = seen
	}
	switch {
	case seen[s]:
		y.twice++
		y.t.Errorf("%s got %v twice, now at %s", c.user, s, at)
	case s.n != c.last[s.from]+1 && c.last[s.from] != 0:
		y.misordered++
		y.t.Errorf("%s got %v after number %d, at %s", c.user, s, c.last[s.from], at)
	}
	place := c.room + " " + at
	if other, known := y.places[place]; known && other != s {
		y.misordered++
		y.t.Errorf("%s got %v at %s, where another got %v", c.user, s, at, other)
	}
	y.places[place] = s
	seen[s] = true
	c.last[s.from] = s.n
}

func (y *tally) add(f func()) {
	y.mu.Lock()
	defer y.mu.Unlock()
	f()
}

// missing counts the messages that somebody in the sender's room has not got.
func (y *tally) missing(clients []*client) (n int) {
	y.mu.Lock()
	defer y.mu.Unlock()
	for _, sender := range clients {
		for _, c := range clients {
			if c.room != sender.room {
				continue
			}
			for i := 1; i <= y.sent[sender.user]; i++ {
				if !y.seen[c][said{sender.user, i}] {
					n++
				}
			}
		}
	}
	return n
}

// row is a line of the table of faults.
func (y *tally) row(name string, missing int) string {
	y.mu.Lock()
	defer y.mu.Unlock()
	stored := 0
	for _, n := range y.sent {
		stored += n
	}
	return fmt.Sprintf("| %s | %d | %d | %d | %d | %d | %d | %d | %d | %.1f s | %.1f s |", name, stored, y.delivered, missing,
		y.twice, y.misordered, y.resets, y.resent, y.returns, y.away.Seconds(), y.silence.Seconds())
}

const tableHead = "| run | stored | delivered | missing | twice | out of order | resets | sent again | returns | longest away | longest silence |"

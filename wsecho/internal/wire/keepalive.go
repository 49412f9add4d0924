package wire

import "time"

// keepalive is what the timer is set for, and what is known of the ping that waits for an answer. Its times
// are since the connection opened, 0 for never. All of it is under Conn.mu.
type keepalive struct {
	pingAt time.Duration // the next ping
	pongBy time.Duration // the verdict on a ping that waits for an answer
	parkAt time.Duration // the reader is asked whether its goroutine can be spared
	endBy  time.Duration // the connection's end
	asked  bool          // that question stands: reads are interrupted

	// The ping that pongBy is for.
	queued bool  // it has not left yet
	behind bool  // at the last verdict it had not arrived, and the peer was taking what lies before it
	unread int   // bytes of the peer's that no one had read when it was sent
	pinged int64 // bytes of ours, up to and with it
	acked  int64 // how many of ours the peer's kernel had taken, when last looked at
}

// first is when the timer is due.
func (k *keepalive) first() (first time.Duration) {
	for _, at := range [...]time.Duration{k.pingAt, k.pongBy, k.parkAt, k.endBy} {
		if at > 0 && (first == 0 || at < first) {
			first = at
		}
	}
	return first
}

// pingLeft: the ping has left, which may have had to wait; the verdict on it is due by then.
func (k *keepalive) pingLeft(by time.Duration) {
	if k.queued && k.pongBy > 0 {
		k.pongBy = by
	}
	k.queued = false
}

// observed is what is known of a peer whose pong is due.
type observed struct {
	alive    bool // a byte came, or the peer took some, since the ping
	flushing bool // the ping may wait behind other bytes, and WriteTimeout watches those
	working  bool // a Message may keep bytes from being read
	raw      bool // the socket can be asked for the rest
	unread   int  // bytes that wait in the socket
	full     bool // so many that the peer may be unable to send more
	acked    int64
}

// The verdicts on a peer whose pong is due.
type verdict int

const (
	living verdict = iota
	dead
	unclear // look again after another PongTimeout
)

// judge looks for life.
func (k *keepalive) judge(o observed) verdict {
	switch {
	case o.alive:
		return living
	case o.flushing:
		return unclear
	case !o.raw && o.working:
		return unclear
	case !o.raw:
		return dead
	}
	was, behind := k.acked, k.behind
	k.acked = o.acked
	k.behind = k.acked < k.pinged && k.acked > was
	switch {
	case o.unread > k.unread:
		return living
	case k.behind:
		return unclear
	case k.acked < k.pinged: // not even its kernel is there
		return dead
	case behind: // the ping has arrived since
		return unclear
	case o.full: // it may have had no room for its pong
		return unclear
	}
	return dead
}

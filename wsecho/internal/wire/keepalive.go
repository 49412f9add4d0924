package wire

import "time"

// keepalive is what the timer is set for, and what is known of the ping that waits for an answer. Its times
// are on the clock of Conn.now, 0 for never. All of it is under Conn.mu.
type keepalive struct {
	pingAt  time.Duration // the next ping
	pongBy  time.Duration // the verdict on a ping that waits for an answer
	readAt  time.Duration // a look at whether a message takes too long to arrive
	stallBy time.Duration // the verdict on bytes that the kernel holds: has the peer taken some?
	parkAt  time.Duration // the reader is asked whether its goroutine can be spared
	endBy   time.Duration // the connection's end

	interrupted bool // that question stands: reads are interrupted

	// The ping that pongBy is for.
	queued bool  // it has not left yet
	behind bool  // at the last verdict it had not arrived, and the peer was taking what lies before it
	unread int32 // bytes of the peer's that no one had read when it was sent
	pinged int64 // bytes of ours, up to and with it
	acked  int64 // how many of ours the peer's kernel had taken, when last looked at

	sentAt  time.Duration // when the ping that has not been answered left; 0: each has been
	latency time.Duration // from the latest ping that has been answered to its pong

	stalled int64 // how many of ours the peer's kernel had taken when stallBy was set
}

// first returns when the timer is due.
func (k *keepalive) first() (first time.Duration) {
	for _, at := range [...]time.Duration{k.pingAt, k.pongBy, k.readAt, k.stallBy, k.parkAt, k.endBy} {
		if at > 0 && (first == 0 || at < first) {
			first = at
		}
	}
	return first
}

// pingLeft notes that the ping, if one was queued, has left now: the verdict on it is due at by.
func (k *keepalive) pingLeft(now, by time.Duration) {
	if k.queued {
		k.sentAt = now
		if k.pongBy > 0 {
			k.pongBy = by
		}
	}
	k.queued = false
}

// ponged notes that a pong has come.
func (k *keepalive) ponged(now time.Duration) {
	if k.sentAt > 0 {
		k.latency, k.sentAt = max(now-k.sentAt, 1), 0
	}
}

// observed is what is known of a peer whose pong is due.
type observed struct {
	alive    bool  // a byte came, or the peer took some, since the ping
	flushing bool  // the ping may wait behind other bytes, and WriteTimeout watches those
	working  bool  // a Message may keep bytes from being read
	raw      bool  // the socket can be asked for the rest
	unread   int   // bytes that wait in the socket
	full     bool  // so many that the peer may be unable to send more
	acked    int64 // bytes of ours that the peer's kernel has taken
	local    bool  // the peer's kernel is ours: it has the ping, and acked is what the peer itself has taken
}

// verdict is what a connection that waits for a pong makes of its peer.
type verdict int

const (
	verdictAlive verdict = iota
	verdictDead
	verdictUnclear // look again after another PongTimeout
)

// judge returns the verdict on a peer whose pong is due.
func (k *keepalive) judge(o observed) verdict {
	switch {
	case o.alive:
		return verdictAlive
	case o.flushing:
		return verdictUnclear
	case !o.raw && o.working:
		return verdictUnclear
	case !o.raw:
		return verdictDead
	}
	acked, behind := k.acked, k.behind
	k.acked = o.acked
	k.behind = o.acked < k.pinged && o.acked > acked
	switch {
	case o.unread > int(k.unread):
		return verdictAlive
	case k.behind:
		return verdictUnclear
	case o.acked < k.pinged && !o.local: // not even its kernel is there
		return verdictDead
	case behind: // the ping has arrived since
		return verdictUnclear
	case o.full: // it may have had no room for its pong
		return verdictUnclear
	}
	return verdictDead
}

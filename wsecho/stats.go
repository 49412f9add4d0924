package wsecho

import "maps"

// Stats is a snapshot of a Handler's counters, for expvar or any metrics library. Opened is the sum
// of Open and of all of Ended. Messages are those handed to OnMessage and those queued by Write and
// TryWrite; bytes are theirs, not compressed.
//
// The causes in Ended are peer (it closed), lost (it vanished), closed (Session.Close), hook (one
// returned a websocket.CloseError), error (one failed, or ended its goroutine), panic, invalid, too_big
// and protocol (what the peer sent), pong_timeout, read_timeout, write_timeout and shutdown. A cause that has not
// been seen is absent.
type Stats struct {
	Open        int               `json:"open"`    // upgraded, and not both closed and past OnClose
	Opened      uint64            `json:"opened"`  // upgraded, ever
	Refused     map[string]uint64 `json:"refused"` // handshakes, by HandshakeError.Check
	Ended       map[string]uint64 `json:"ended"`   // sessions, by cause: see above
	MessagesIn  uint64            `json:"messages_in"`
	MessagesOut uint64            `json:"messages_out"`
	BytesIn     uint64            `json:"bytes_in"`
	BytesOut    uint64            `json:"bytes_out"`
	Queued      int64             `json:"queued"` // bytes of frames that wait for slow peers now
}

// Stats sums up now: sessions count for themselves, so that a message touches no counter that
// another session's does. Its cost grows with the open sessions.
func (h *Handler) Stats() Stats {
	h.reg.init()
	g := &h.reg
	g.mu.Lock()
	defer g.mu.Unlock()
	sum := g.past
	for s := range g.open {
		sum.Add(s.conn.Counts())
	}
	return Stats{
		Open: len(g.open), Opened: g.opened, Refused: maps.Clone(g.refused), Ended: maps.Clone(g.ended),
		MessagesIn: sum.MessagesIn, MessagesOut: sum.MessagesOut, BytesIn: sum.BytesIn, BytesOut: sum.BytesOut,
		Queued: sum.Queued,
	}
}

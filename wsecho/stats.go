package wsecho

import "maps"

// Stats is a snapshot of a Handler's counters, for expvar or any metrics library. Opened is the sum
// of Open and of all of Ended. Bytes are those of the messages, not compressed.
type Stats struct {
	// Open is the number of sessions now. One counts from its upgrade until its OnClose has returned and both close
	// frames have gone through, or nobody waits for the peer's any more. Its socket may be closed a second later.
	Open int `json:"open"`

	// Opened is the number of handshakes that were upgraded, ever.
	Opened uint64 `json:"opened"`

	// Refused is the number of handshakes that were refused, by the check that they failed: see
	// HandshakeError.Check. A check that none has failed is absent.
	Refused map[string]uint64 `json:"refused"`

	// Ended is the number of sessions that have ended, by cause: peer (it closed), lost (it vanished), closed
	// (Session.Close), hook (one returned a websocket.CloseError), error (one failed, or ended its goroutine),
	// panic (of a hook), invalid, too_big and protocol (what the peer sent), pong_timeout, read_timeout,
	// write_timeout, and shutdown. A cause that has not been seen is absent.
	Ended map[string]uint64 `json:"ended"`

	MessagesIn  uint64 `json:"messages_in"`  // handed to OnMessage
	MessagesOut uint64 `json:"messages_out"` // queued by Write, TryWrite and their like for Prepared
	BytesIn     uint64 `json:"bytes_in"`     // of MessagesIn
	BytesOut    uint64 `json:"bytes_out"`    // of MessagesOut
	Queued      int64  `json:"queued"`       // bytes of frames that wait for slow peers now
}

// Stats returns the Handler's counters as they are now. It asks every open session, so its cost grows with their
// number. It may be called at any time, before the first request too.
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

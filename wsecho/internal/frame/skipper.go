package frame

// Skipper finds, in what a peer still sends after the server's close frame and nobody wants any more, where
// its own close frame ends (RFC 6455 section 7.1.1: TCP is closed after both). Deflate and Open say what
// ParseHeader wants to know where it begins, Remaining how much of a frame's payload is to come there.
type Skipper struct {
	Deflate   bool  // RSV1 may be set
	Open      bool  // a fragmented message is under way
	Done      bool  // the close frame is in, or nobody knows any more where frames end
	Remaining int64 // bytes of the frame under way that are to come

	closing bool     // that frame is the close frame
	n       uint8    // bytes in head
	head    [14]byte // a header of which some bytes are still missing
}

// Skip skips p. Of p it reads nothing but the headers of frames.
func (k *Skipper) Skip(p []byte) {
	for len(p) > 0 && !k.Done {
		if k.Remaining > 0 {
			n := min(k.Remaining, int64(len(p)))
			k.Remaining -= n
			p = p[n:]
			k.Done = k.closing && k.Remaining == 0
			continue
		}
		b := p
		if k.n > 0 { // the rest of a header, of which each byte may be the last
			k.head[k.n] = p[0]
			k.n++
			b, p = k.head[:k.n], p[1:]
		}
		h, err := ParseHeader(b, k.Open, k.Deflate)
		switch {
		case err != nil:
			k.Done = true
		case h.Size > 0:
			if k.n == 0 {
				p = p[h.Size:]
			}
			k.begin(h)
		case k.n == 0:
			k.n = uint8(copy(k.head[:], p))
			p = nil
		}
	}
}

// begin begins to skip the frame of h.
func (k *Skipper) begin(h Header) {
	if h.Op < Close {
		k.Open = !h.Fin
	}
	k.n, k.Remaining = 0, h.Len
	k.closing = h.Op == Close
	k.Done = k.closing && h.Len == 0
}

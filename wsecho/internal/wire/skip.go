package wire

import "example.com/wsecho/wsecho/internal/frame"

// skipper is the Buffer of a connection that is ending: it drops what the peer still sends, and finds in
// it where the peer's close frame ends (RFC 6455 section 7.1.1: TCP is closed after both).
type skipper struct {
	deflate   bool     // RSV1 may be set
	open      bool     // a fragmented message is under way
	closing   bool     // the frame under way is the close frame
	done      bool     // the close frame is in, or nobody knows any more where frames end
	filled    bool     // the last read took all that there was space for
	n         uint8    // bytes in head
	head      [14]byte // a header of which some bytes are still missing
	remaining int64    // bytes of the frame under way that are to come
	buf       []byte   // pooled, between Space and Took
}

// Space is memory for the next bytes, see socket.Buffer.
func (k *skipper) Space(plain bool) []byte {
	if plain && !k.filled {
		k.buf = waitPool.Get().(*[waitSize]byte)[:]
	} else {
		k.buf = inPool.Get().(*[inSize]byte)[:]
	}
	return k.buf
}

// Took skips n bytes of the Space.
func (k *skipper) Took(n int) {
	k.filled = n == len(k.buf)
	k.skip(k.buf[:n])
	freeBuffer(k.buf)
	k.buf = nil
}

// skip skips p. Of p it reads nothing but the headers of frames: the payloads may be a Message's.
func (k *skipper) skip(p []byte) {
	for len(p) > 0 && !k.done {
		if k.remaining > 0 {
			n := min(k.remaining, int64(len(p)))
			k.remaining -= n
			p = p[n:]
			k.done = k.closing && k.remaining == 0
			continue
		}
		b := p
		if k.n > 0 { // the rest of a header, of which each byte may be the last
			k.head[k.n] = p[0]
			k.n++
			b, p = k.head[:k.n], p[1:]
		}
		h, err := frame.ParseHeader(b, k.open, k.deflate)
		switch {
		case err != nil:
			k.done = true
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
func (k *skipper) begin(h frame.Header) {
	if h.Op < frame.Close {
		k.open = !h.Fin
	}
	k.n, k.remaining = 0, h.Len
	k.closing = h.Op == frame.Close
	k.done = k.closing && h.Len == 0
}

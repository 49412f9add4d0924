package http2test

import (
	"net"
	"testing"

	"golang.org/x/net/http2"
)

// wire reads along what an h2c server sends, and holds the end of every stream to this: what follows
// a close frame is END_STREAM, and a RST_STREAM comes only after that. A peer may drop what it has
// not read yet when a RST_STREAM comes (RFC 9113, section 5.4.2), the close code too.
type wire struct{ t testing.TB }

// tap returns l with a wire in each of its connections.
func (w wire) tap(l net.Listener) net.Listener { return tap{l, w} }

type tap struct {
	net.Listener
	wire wire
}

func (l tap) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &tapped{Conn: c, t: l.wire.t, streams: map[uint32]*ending{}}, nil
}

// tapped is the server's end of a TCP connection. net/http writes to it from one goroutine at a time.
type tapped struct {
	net.Conn
	t testing.TB

	pending []byte // of a frame that is not whole
	streams map[uint32]*ending
}

// ending is how far a stream's end is.
type ending struct {
	frames messages
	ended  bool // END_STREAM
}

func (c *tapped) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.pending = append(c.pending, p[:n]...)
	for {
		const header = 9 // RFC 9113, section 4.1
		if len(c.pending) < header {
			return n, err
		}
		h := c.pending[:header]
		end := header + int(h[0])<<16 + int(h[1])<<8 + int(h[2])
		if len(c.pending) < end {
			return n, err
		}
		id := uint32(h[5])<<24 | uint32(h[6])<<16 | uint32(h[7])<<8 | uint32(h[8])
		c.frame(http2.FrameType(h[3]), http2.Flags(h[4]), id, c.pending[header:end])
		c.pending = c.pending[end:]
	}
}

func (c *tapped) frame(typ http2.FrameType, flags http2.Flags, id uint32, p []byte) {
	s := c.streams[id]
	if s == nil {
		s = new(ending)
		c.streams[id] = s
	}
	switch typ {
	case http2.FrameData:
		s.frames.read(p) // net/http pads nothing
		s.ended = s.ended || flags.Has(http2.FlagDataEndStream)
	case http2.FrameHeaders:
		s.ended = s.ended || flags.Has(http2.FlagHeadersEndStream)
	case http2.FrameRSTStream:
		code := http2.ErrCode(uint32(p[0])<<24 | uint32(p[1])<<16 | uint32(p[2])<<8 | uint32(p[3]))
		switch {
		case s.frames.closing && !s.ended:
			c.t.Errorf("stream %d: RST_STREAM(%v) after the close frame, without END_STREAM between them", id, code)
		case s.ended && code != http2.ErrCodeNo && code != http2.ErrCodeStreamClosed: // the latter answers what the peer still sends
			c.t.Errorf("stream %d: RST_STREAM(%v) after END_STREAM", id, code)
		}
	}
	if typ == http2.FrameData && s.frames.trailing > 0 {
		c.t.Errorf("stream %d: %d bytes after the close frame", id, s.frames.trailing)
	}
}

// messages finds the close frame in what a server sends, which is never fragmented nor masked.
type messages struct {
	head     []byte // of a frame whose header is not whole
	left     uint64 // of a frame's payload
	closing  bool   // a close frame has begun
	trailing int    // bytes after it
}

func (m *messages) read(p []byte) {
	for len(p) > 0 {
		if m.left > 0 {
			n := min(m.left, uint64(len(p)))
			m.left -= n
			p = p[n:]
			continue
		}
		if m.closing {
			m.trailing += len(p)
			return
		}
		m.head, p = append(m.head, p[0]), p[1:]
		if len(m.head) < 2 {
			continue
		}
		size := map[byte]int{126: 2, 127: 8}[m.head[1]]
		if len(m.head) < 2+size {
			continue
		}
		m.left = uint64(m.head[1])
		if size > 0 {
			m.left = 0
			for _, b := range m.head[2:] {
				m.left = m.left<<8 | uint64(b)
			}
		}
		m.closing = m.head[0]&0xf == 8
		m.head = m.head[:0]
	}
}

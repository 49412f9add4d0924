package middleware

import "encoding/binary"

// closeScanner looks for the close frame in the bytes of a WebSocket's one direction. It follows the frames
// (RFC 6455, section 5.2) and checks nothing of them: that is the handler's.
type closeScanner struct {
	head    [14]byte // as much of the current frame's header as there is
	have    int      // bytes in head
	payload uint64   // bytes of the current frame's payload still to come
	closing bool     // the current frame is a close frame
	closed  bool     // it was, and is complete
}

// scan takes the next bytes, and reports whether a whole close frame has passed.
func (c *closeScanner) scan(p []byte) bool {
	for len(p) > 0 && !c.closed {
		if c.payload > 0 {
			n := min(uint64(len(p)), c.payload)
			p, c.payload = p[n:], c.payload-n
		} else {
			c.head[c.have] = p[0]
			p, c.have = p[1:], c.have+1
			if c.have < 2 || c.have < c.headSize() {
				continue
			}
			c.payload, c.closing, c.have = c.payloadSize(), c.head[0]&0x0f == 8, 0
		}
		c.closed = c.closing && c.payload == 0
	}
	return c.closed
}

// headSize is the size of the header whose first two bytes are in head.
func (c *closeScanner) headSize() int {
	size := 2
	switch c.head[1] & 0x7f {
	case 126:
		size += 2
	case 127:
		size += 8
	}
	if c.head[1]&0x80 != 0 {
		size += 4 // the masking key
	}
	return size
}

// payloadSize is what the whole header in head says.
func (c *closeScanner) payloadSize() uint64 {
	switch n := c.head[1] & 0x7f; n {
	case 126:
		return uint64(binary.BigEndian.Uint16(c.head[2:]))
	case 127:
		return binary.BigEndian.Uint64(c.head[2:])
	default:
		return uint64(n)
	}
}

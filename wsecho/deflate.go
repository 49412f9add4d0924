package wsecho

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"

	"github.com/coder/websocket"
)

// deflateMin is the size from which a message is worth deflating.
const deflateMin = 512

// deflater is coder's Conn as inflater and deflater (RFC 7692), in memory. coder therefore never
// waits, never writes to the socket, and holds no lock for longer than a computation.
type deflater struct {
	c    *websocket.Conn
	conn *memConn

	mu sync.Mutex // one message is deflated at a time; taken before Session.mu
}

func newDeflater(c *websocket.Conn, conn *memConn) *deflater {
	c.SetReadLimit(-1) // inflate counts, and says 1009 itself
	return &deflater{c: c, conn: conn}
}

// memConn is the net.Conn that coder sees. in belongs to who inflates, out to who deflates.
type memConn struct {
	net.Conn // for its addresses
	in       [3][]byte
	out      []byte
}

// errStarved is what coder gets when it reads past its message. It must not be io.EOF, after which
// the io.MultiReader that Accept puts before the conn would never ask it again.
var errStarved = errors.New("wsecho: read past the message")

func (m *memConn) Read(p []byte) (int, error) {
	for i := range m.in {
		if len(m.in[i]) > 0 {
			n := copy(p, m.in[i])
			m.in[i] = m.in[i][n:]
			return n, nil
		}
	}
	return 0, errStarved
}

func (m *memConn) Write(p []byte) (int, error) {
	m.out = append(m.out, p...)
	return len(p), nil
}

func (m *memConn) Close() error { return nil }

// lastFrame is an empty final continuation with a key of zeros.
var lastFrame = []byte{finBit | opCont, maskBit, 0, 0, 0, 0}

// inflate appends to dst the message whose deflated payload is p, up to limit bytes.
//
// coder gets p as a frame with a key of zeros, so that it unmasks nothing, and an empty one behind
// it. It asks for that one only when p is used up: if it does not, p holds data behind the end of its
// deflate stream, which coder would take for the start of the next message.
func (z *deflater) inflate(dst []byte, op byte, p []byte, limit int64) ([]byte, *ending) {
	head := appendHeader(nil, op|rsv1Bit, len(p))
	head[0] &^= finBit
	head[1] |= maskBit
	z.conn.in = [3][]byte{append(head, 0, 0, 0, 0), p, lastFrame}
	_, r, err := z.c.Reader(context.Background())
	for err == nil {
		if len(dst) == cap(dst) {
			dst = append(dst, 0)[:len(dst)]
		}
		var n int
		n, err = r.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		if limit >= 0 && int64(len(dst)) > limit {
			return dst, tooBig
		}
	}
	switch {
	case err != io.EOF:
		return dst, invalid("compressed data does not inflate", err)
	case len(z.conn.in[2]) > 0:
		return dst, invalid("compressed data behind the end of its stream", nil)
	}
	return dst, nil
}

// deflate returns the message as one frame, which is good until the next call. Under mu.
func (z *deflater) deflate(typ websocket.MessageType, p []byte) ([]byte, error) {
	z.conn.out = z.conn.out[:0]
	err := z.c.Write(context.Background(), typ, p)
	return z.conn.out, err
}

// close gives coder's pooled parts back, and takes the finalizer off, without which the Conn would
// never be collected.
func (z *deflater) close() {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.c.CloseNow()
}

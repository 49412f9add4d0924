// Package peer is a WebSocket client whose every byte is written by hand, so that tests can be
// right, wrong, slow, mute or gone in ways that a real client never is, and see exactly what the
// server sent.
//
//	handshake.go  the request
//	frame.go      frames to send
//	deflate.go    permessage-deflate
//	inflate.go    how far back a compressed message refers
//	peer.go       what the server sent
//	message.go    the same, and how it ended, as tests spell it
//	pipe.go       a connection in memory that can be shut down on one side
//	deafen_linux.go  a peer whose cable is cut
package peer

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
	"unicode/utf8"
)

// Peer is a client after its handshake. One goroutine may send while another reads.
type Peer struct {
	Conn     net.Conn
	Timeout  time.Duration // of each read and write; 0: 20 s
	Mute     bool          // answers neither a ping nor a close frame
	HangsUp  bool          // ends its sending side behind its answer to a close frame, where it can
	Inflates bool          // permessage-deflate was negotiated
	Window   int           // what was agreed on, in bytes: no message may refer further back; 0: unchecked
	Deflated int           // messages that arrived compressed

	br     *bufio.Reader
	window []byte

	mu     sync.Mutex // one Write at a time, so that a pong never lands inside a message
	closed bool       // a close frame was sent
}

// New is a Peer over a connection that carries frames.
func New(c net.Conn) *Peer { return &Peer{Conn: c, br: bufio.NewReader(c)} }

func (p *Peer) timeout() time.Duration {
	if p.Timeout == 0 {
		return 20 * time.Second
	}
	return p.Timeout
}

// Send sends bytes as they are, in one Write.
func (p *Peer) Send(b []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Conn.SetWriteDeadline(time.Now().Add(p.timeout()))
	_, err := p.Conn.Write(b)
	return err
}

// Close closes the connection without a close frame.
func (p *Peer) Close() { p.Conn.Close() }

// Reset closes a connection with a reset: TCP's, or that of a stream which has one.
func (p *Peer) Reset() {
	switch c := p.Conn.(type) {
	case *net.TCPConn:
		c.SetLinger(0)
	case interface{ Reset() }:
		c.Reset()
	}
	p.Conn.Close()
}

// CloseWrite ends the sending side alone. It says whether the connection can.
func (p *Peer) CloseWrite() bool {
	c, ok := p.Conn.(interface{ CloseWrite() error })
	return ok && c.CloseWrite() == nil
}

// Frames that no server may send end a Peer's reading with an error that wraps ErrBad.
var ErrBad = errors.New("bad frame")

func bad(what string) error { return fmt.Errorf("%w: %s", ErrBad, what) }

// Read returns the next message or control frame. It answers a ping and a close frame, unless Mute.
func (p *Peer) Read() (Message, error) {
	var m Message
	compressed := false
	for open := false; ; {
		first, payload, err := p.frame()
		if err != nil {
			return m, err
		}
		op := first & 0xf
		if op >= OpClose {
			return p.control(op, payload, open)
		}
		if open != (op == OpContinuation) {
			return m, bad("fragments out of order")
		}
		if !open {
			open, m.Op, compressed = true, op, first&RSV1 != 0
		}
		if m.Payload = append(m.Payload, payload...); first&Fin == 0 {
			continue
		}
		if compressed {
			p.Deflated++
			if m.Payload, err = p.inflate(m.Payload); err != nil {
				return m, bad("does not inflate: " + err.Error())
			}
		}
		if m.Op == OpText && !utf8.Valid(m.Payload) {
			return m, bad("text is not UTF-8")
		}
		return m, nil
	}
}

func (p *Peer) control(op byte, payload []byte, inside bool) (Message, error) {
	m := Message{op, payload}
	switch {
	case inside:
		return m, bad("control frame inside a message: nothing here is sent in fragments") // legal, but wsecho never does
	case op == OpClose && len(payload) == 1, op == OpClose && len(payload) > 2 && !utf8.Valid(payload[2:]):
		return m, bad(fmt.Sprintf("close payload %q", payload))
	case p.Mute:
	case op == OpPing:
		p.Send(Frame{First: Fin | OpPong, Payload: payload}.Bytes())
	case op == OpClose:
		p.mu.Lock()
		again := p.closed
		p.closed = true
		p.mu.Unlock()
		if !again {
			p.Send(CloseBody(payload[:min(2, len(payload))]))
		}
		if p.HangsUp {
			p.CloseWrite()
		}
	}
	return m, nil
}

// frame reads one frame and holds it to what a server may send.
func (p *Peer) frame() (first byte, payload []byte, err error) {
	p.Conn.SetReadDeadline(time.Now().Add(p.timeout()))
	var h [10]byte
	if _, err := io.ReadFull(p.br, h[:1]); err != nil {
		return 0, nil, err // io.EOF: between two frames
	}
	if _, err := io.ReadFull(p.br, h[1:2]); err != nil {
		return 0, nil, cut(err)
	}
	first = h[0]
	size, least := 0, uint64(0)
	switch h[1] {
	case 126:
		size, least = 2, 126
	case 127:
		size, least = 8, 1<<16
	}
	if _, err := io.ReadFull(p.br, h[2:2+size]); err != nil {
		return 0, nil, cut(err)
	}
	n := uint64(h[1])
	if size > 0 {
		n = 0
		for _, b := range h[2 : 2+size] {
			n = n<<8 | uint64(b)
		}
	}
	op := first & 0xf
	switch {
	case h[1]&0x80 != 0:
		return 0, nil, bad("masked")
	case first&(RSV2|RSV3) != 0, first&RSV1 != 0 && (!p.Inflates || op != OpText && op != OpBinary):
		return 0, nil, bad("reserved bit")
	case op > OpBinary && op < OpClose || op > OpPong:
		return 0, nil, bad("reserved opcode")
	case op >= OpClose && (first&Fin == 0 || n > 125):
		return 0, nil, bad("control frame fragmented or too long")
	case n < least, n > 1<<30:
		return 0, nil, bad(fmt.Sprintf("length %d in %d bytes", n, size))
	}
	var b bytes.Buffer
	if _, err = io.CopyN(&b, p.br, int64(n)); err != nil {
		return 0, nil, cut(err)
	}
	return first, b.Bytes(), nil
}

func cut(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

package peer

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
)

// Message is what the server sent: a whole message, or a control frame.
type Message struct {
	Op      byte
	Payload []byte
}

// String is the message as tests spell it: "text:hello", "binary:len 10000" for a long one,
// "ping:", "close:1000 bye", and "close" for a close frame without a body.
func (m Message) String() string {
	p := m.Payload
	if m.Op == OpClose {
		if len(p) == 0 {
			return "close"
		}
		return strings.TrimSuffix(fmt.Sprintf("close:%d %s", binary.BigEndian.Uint16(p), p[2:]), " ")
	}
	name := map[byte]string{OpText: "text", OpBinary: "binary", OpPing: "ping", OpPong: "pong"}[m.Op]
	if len(p) > 200 {
		return fmt.Sprintf("%s:len %d", name, len(p))
	}
	return fmt.Sprintf("%s:%s", name, p)
}

// Next is the next message as a string, or how the connection ended: "eof" between two frames,
// "cut" inside one, "reset", "timeout", or what went wrong.
func (p *Peer) Next() string {
	m, err := p.Read()
	var netErr net.Error
	switch {
	case err == nil:
		return m.String()
	case errors.Is(err, io.EOF):
		return "eof"
	case errors.Is(err, io.ErrUnexpectedEOF):
		if _, ok := p.Conn.(*tls.Conn); ok { // a TLS connection that was cut says this between frames too
			return "reset"
		}
		return "cut"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "reset"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout():
		return "timeout"
	}
	return "error: " + err.Error()
}

// Rest is everything that Next returns, until the end and with it.
func (p *Peer) Rest() []string {
	for all := []string(nil); ; {
		m := p.Next()
		if all = append(all, m); !isMessage(m) {
			return all
		}
	}
}

func isMessage(s string) bool {
	for _, op := range []string{"text:", "binary:", "ping:", "pong:", "close"} {
		if strings.HasPrefix(s, op) {
			return true
		}
	}
	return false
}

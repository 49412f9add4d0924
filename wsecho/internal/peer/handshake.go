package peer

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// Key is the Sec-WebSocket-Key of a Request, and Accept the answer to it (RFC 6455, section 1.3).
const (
	Key    = "dGhlIHNhbXBsZSBub25jZQ=="
	Accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
)

// Request is a handshake. The zero value is a legal one that offers echo-protocol.
type Request struct {
	Method string // empty: GET
	Target string // empty: /
	Proto  string // empty: HTTP/1.1

	// Lines are header lines in the order in which they go out. "Name: value" takes the place of
	// the legal lines of that name, and may come more than once; "Name" alone takes them out.
	Lines []string
}

var legal = []string{
	"Host: wsecho.test",
	"Connection: Upgrade",
	"Upgrade: websocket",
	"Sec-WebSocket-Version: 13",
	"Sec-WebSocket-Key: " + Key,
	"Sec-WebSocket-Protocol: echo-protocol",
}

// With returns the request with more lines.
func (r Request) With(lines ...string) Request {
	r.Lines = append(r.Lines[:len(r.Lines):len(r.Lines)], lines...)
	return r
}

// Bytes is the request as it goes on the wire.
func (r Request) Bytes() []byte {
	named := map[string]bool{}
	for _, l := range r.Lines {
		name, _, _ := strings.Cut(l, ":")
		named[strings.ToLower(name)] = true
	}
	b := fmt.Appendf(nil, "%s %s %s\r\n", or(r.Method, "GET"), or(r.Target, "/"), or(r.Proto, "HTTP/1.1"))
	for _, l := range legal {
		if name, _, _ := strings.Cut(l, ":"); !named[strings.ToLower(name)] {
			b = append(append(b, l...), "\r\n"...)
		}
	}
	for _, l := range r.Lines {
		if strings.Contains(l, ":") {
			b = append(append(b, l...), "\r\n"...)
		}
	}
	return append(b, "\r\n"...)
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// Handshake sends the request over c and reads the answer. The Peer is ready for frames if the
// answer is 101; otherwise the body is still to be read.
func Handshake(c net.Conn, r Request) (*Peer, *http.Response, error) {
	p := New(c)
	if err := p.Send(r.Bytes()); err != nil {
		return nil, nil, err
	}
	c.SetReadDeadline(time.Now().Add(p.timeout()))
	answer, err := http.ReadResponse(p.br, &http.Request{Method: or(r.Method, "GET")})
	if err != nil {
		return nil, nil, err
	}
	return p, answer, nil
}

package aroundtest

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"example.com/wsecho/middleware/peertest/h2dial"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// fields are what a browser sends with a handshake, and the token.
func fields(host string) http.Header {
	return http.Header{
		"Sec-Websocket-Version":  {"13"},
		"Sec-Websocket-Protocol": {"echo-protocol"},
		"Origin":                 {"https://" + host},
		"Accept-Encoding":        {"gzip, deflate, br, zstd"},
		"User-Agent":             {"Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0.0.0"},
		"Authorization":          {"Bearer " + token()},
	}
}

// opened is a WebSocket, and the response that opened it.
type opened struct {
	net.Conn
	in     io.Reader
	header http.Header
}

// open opens a WebSocket at /ws of s.
func open(s *httptest.Server, http2 bool) (*opened, error) {
	host := s.Listener.Addr().String()
	if http2 {
		ctx, cancel := context.WithTimeout(context.Background(), await.Patience)
		defer cancel()
		c, resp, err := h2dial.TLS().Dial(ctx, s.URL+"/ws", fields(host))
		if err != nil {
			if resp != nil {
				return nil, fmt.Errorf("%d", resp.StatusCode)
			}
			return nil, err
		}
		c.SetDeadline(time.Now().Add(await.Patience))
		return &opened{c, c, resp.Header}, nil
	}
	c, err := net.Dial("tcp", host)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(s.URL, "https:") {
		c = tls.Client(c, &tls.Config{InsecureSkipVerify: true})
	}
	c.SetDeadline(time.Now().Add(await.Patience))
	r, err := http.NewRequest(http.MethodGet, s.URL+"/ws", nil)
	if err != nil {
		return nil, err
	}
	r.Header = fields(host)
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", "websocket")
	r.Header.Set("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
	if err := r.Write(c); err != nil {
		return nil, err
	}
	br := bufio.NewReader(c)
	resp, err := http.ReadResponse(br, r)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		c.Close()
		return nil, fmt.Errorf("%d", resp.StatusCode)
	}
	return &opened{c, br, resp.Header}, nil
}

// errBytes says that others than the expected bytes arrived.
var errBytes = errors.New("bytes")

// converse has a message echoed, closes, and wants the answer to that and then the end, to the byte.
func (o *opened) converse() error {
	text := []byte{0x81, 0x85, 0, 0, 0, 0, 'h', 'e', 'l', 'l', 'o'}
	bye := []byte{0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8}
	if _, err := o.Write(text); err != nil {
		return err
	}
	if err := o.want("\x81\x05hello"); err != nil {
		return err
	}
	if _, err := o.Write(bye); err != nil {
		return err
	}
	rest, err := io.ReadAll(o.in)
	if string(rest) != "\x88\x02\x03\xe8" {
		return fmt.Errorf("%w: %q at the end", errBytes, rest)
	}
	return err
}

func (o *opened) want(frame string) error {
	got := make([]byte, len(frame))
	if _, err := io.ReadFull(o.in, got); err != nil {
		return err
	}
	if string(got) != frame {
		return fmt.Errorf("%w: %q", errBytes, got)
	}
	return nil
}

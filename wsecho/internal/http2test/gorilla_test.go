package http2test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	gorilla "github.com/gorilla/websocket"

	"example.com/wsecho/middleware/peertest/h2dial"
	"example.com/wsecho/wsecho"
)

// dialGorilla opens a session with gorilla's client, which speaks HTTP/1.1 alone: it gets a stream that
// answers its handshake as if a server did.
func dialGorilla(t *testing.T, h2 h2dial.Transport, url string) *gorilla.Conn {
	t.Helper()
	stream, _, err := h2.Dial(t.Context(), url, http.Header{"Sec-Websocket-Protocol": {wsecho.DefaultSubprotocol}})
	if err != nil {
		t.Fatal(err)
	}
	d := gorilla.Dialer{
		NetDialTLSContext: func(context.Context, string, string) (net.Conn, error) { return &upgrading{Conn: stream}, nil },
	}
	c, _, err := d.Dial(strings.Replace(url, "https", "wss", 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// upgrading is a stream with a session on it, before which goes an upgrade of HTTP/1.1.
type upgrading struct {
	net.Conn
	request []byte // what has been written of it
	answer  []byte // what is to be read of it
	done    bool
}

// Write takes the request, and then what the stream takes.
func (c *upgrading) Write(p []byte) (int, error) {
	if c.done {
		return c.Conn.Write(p)
	}
	if c.request = append(c.request, p...); !bytes.HasSuffix(c.request, []byte("\r\n\r\n")) {
		return len(p), nil
	}
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(c.request)))
	if err != nil {
		return 0, err
	}
	// RFC 6455, section 4.2.2.
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	c.answer = fmt.Appendf(nil, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		base64.StdEncoding.EncodeToString(sum[:]))
	c.done = true
	return len(p), nil
}

// Read gives the answer, and then what comes on the stream.
func (c *upgrading) Read(p []byte) (int, error) {
	if len(c.answer) > 0 {
		n := copy(p, c.answer)
		c.answer = c.answer[n:]
		return n, nil
	}
	return c.Conn.Read(p)
}

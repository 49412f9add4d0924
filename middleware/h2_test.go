package middleware

import (
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	_ "example.com/wsecho/middleware/xconnect"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// h2 is one HTTP/2 connection without TLS, by hand, because net/http's client cannot
// send an extended CONNECT. The peertest module tests with real HTTP/2 clients.
type h2 struct {
	t    testing.TB
	conn net.Conn
}

// Frame types of RFC 9113, section 6.
const (
	h2Data         = 0
	h2Headers      = 1
	h2RSTStream    = 3
	h2WindowUpdate = 8
)

// serveH2 serves h over HTTP/2 without TLS until the test ends, and connects to it.
func serveH2(t testing.TB, h http.Handler) *h2 {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: h, Protocols: new(http.Protocols)}
	srv.Protocols.SetUnencryptedHTTP2(true)
	go srv.Serve(ln)
	t.Cleanup(func() { srv.Close() })
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(await.Patience))
	// The preface, and an empty SETTINGS frame in the same write: from the one to the other net/http waits for 2 s.
	if _, err := io.WriteString(conn, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"); err != nil {
		t.Fatal(err)
	}
	return &h2{t, conn}
}

func (c *h2) write(typ, flags byte, stream uint32, payload []byte) {
	c.t.Helper()
	frame := binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(typ))
	frame = binary.BigEndian.AppendUint32(append(frame, flags), stream)
	if _, err := c.conn.Write(append(frame, payload...)); err != nil {
		c.t.Fatalf("write frame: %v", err)
	}
}

// read returns the next frame of stream.
func (c *h2) read(stream uint32) (typ, flags byte, payload []byte) {
	c.t.Helper()
	for {
		typ, flags, payload, of := c.readAny()
		if of == stream {
			return typ, flags, payload
		}
	}
}

// readAny returns the next frame.
func (c *h2) readAny() (typ, flags byte, payload []byte, stream uint32) {
	c.t.Helper()
	var head [9]byte
	if _, err := io.ReadFull(c.conn, head[:]); err != nil {
		c.t.Fatalf("read frame: %v", err)
	}
	payload = make([]byte, binary.BigEndian.Uint32(head[:4])>>8)
	if _, err := io.ReadFull(c.conn, payload); err != nil {
		c.t.Fatalf("read frame: %v", err)
	}
	return head[3], head[4], payload, binary.BigEndian.Uint32(head[5:])
}

// connect sends the extended CONNECT of RFC 8441, section 5.1, its fields as literals
// without Huffman coding (RFC 7541, section 6.2.2).
func (c *h2) connect(stream uint32, path string, more ...string) {
	c.t.Helper()
	c.connectTo("websocket", stream, path, more...)
}

// connectTo is connect with another ":protocol".
func (c *h2) connectTo(protocol string, stream uint32, path string, more ...string) {
	c.t.Helper()
	fields := append([]string{
		":method", "CONNECT", ":protocol", protocol, ":scheme", "http", ":path", path, ":authority", "example.com",
		"sec-websocket-version", "13", "sec-websocket-protocol", "echo-protocol",
	}, more...)
	var block []byte
	for i := 0; i < len(fields); i += 2 {
		block = append(block, 0, byte(len(fields[i])))
		block = append(append(block, fields[i]...), byte(len(fields[i+1])))
		block = append(block, fields[i+1]...)
	}
	c.write(h2Headers, 4 /* END_HEADERS */, stream, block)
}

// wantStatus wants the response's header, and in it a status that HPACK has an index
// for (RFC 7541, appendix A).
func (c *h2) wantStatus(stream uint32, status int) {
	c.t.Helper()
	index := map[int]byte{200: 8, 204: 9, 206: 10, 304: 11, 400: 12, 404: 13, 500: 14}[status]
	if typ, _, block := c.read(stream); typ != h2Headers || len(block) == 0 || block[0] != 0x80|index {
		c.t.Fatalf("got frame type %d, %q; want the header of a %d", typ, block, status)
	}
}

// want501 wants a header whose status, a literal with Huffman coding, is 501.
func (c *h2) want501(stream uint32) {
	c.t.Helper()
	if typ, _, block := c.read(stream); typ != h2Headers || !strings.HasPrefix(string(block), "\x4e\x82\x6c\x01") {
		c.t.Errorf("got frame type %d, %q; want the header of a 501", typ, block)
	}
}

// text is a masked text frame of RFC 6455 with a key of zeros.
func text(msg string) []byte {
	return append([]byte{0x81, 0x80 | byte(len(msg)), 0, 0, 0, 0}, msg...)
}

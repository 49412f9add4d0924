package wsecho

import (
	"bufio"
	"bytes"
	"errors"
	"maps"
	"net"
	"net/http"
	"strings"
)

// upgrader is the ResponseWriter that Accept sees. It keeps what Accept says to itself until the
// connection is to be taken over, so that a refusal at the last moment shows no trace of an upgrade.
type upgrader struct {
	http.ResponseWriter
	r           *http.Request
	reg         *registry
	subprotocol string
	header      http.Header // Accept's

	refusal *HandshakeError // why Hijack failed
	conn    net.Conn        // the real one
	early   []byte          // what the client sent on the heels of its handshake
}

func (u *upgrader) Header() http.Header         { return u.header }
func (u *upgrader) WriteHeader(int)             {} // a 101 is Hijack's to send, a refusal the Handler's
func (u *upgrader) Write(p []byte) (int, error) { return len(p), nil }

// Hijack takes the connection over and sends the 101.
func (u *upgrader) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w := u.ResponseWriter
	v := look(w)
	switch {
	case v.hijacker == nil:
		u.refusal = refusedHijack(v.bottom, errors.ErrUnsupported)
	case u.reg.shuttingDown(): // since the first check
		u.refusal = refusedShutdown
	}
	if u.refusal != nil {
		return nil, nil, u.refusal
	}
	head := w.Header()
	for _, key := range upgradeHeaders {
		delete(head, key) // a middleware's
	}
	if u.subprotocol != "" {
		u.header.Set("Sec-WebSocket-Protocol", u.subprotocol)
	}
	maps.Copy(head, u.header)
	if v.clear {
		w.WriteHeader(http.StatusSwitchingProtocols) // sent by net/http as it gives the connection up
	}
	conn, brw, err := v.hijacker.Hijack()
	if err == nil && !v.clear {
		if err = writeHead(conn, head); err != nil {
			conn.Close()
		}
	}
	if err != nil {
		for _, key := range upgradeHeaders {
			delete(head, key)
		}
		u.refusal = refusedHijack(v.hijacker.(http.ResponseWriter), err)
		return nil, nil, u.refusal
	}
	u.conn = conn
	u.early, _ = brw.Reader.Peek(brw.Reader.Buffered())
	return noConn{}, bufio.NewReadWriter(bufio.NewReaderSize(noConn{}, 16), bufio.NewWriterSize(noConn{}, 16)), nil
}

// upgradeHeaders are those that only a 101 may bear.
var upgradeHeaders = []string{"Connection", "Upgrade", "Sec-Websocket-Accept", "Sec-Websocket-Protocol", "Sec-Websocket-Extensions"}

// view is what can be seen of the writers that middleware has wrapped around the server's own.
type view struct {
	hijacker http.Hijacker       // the outermost; nil: none
	bottom   http.ResponseWriter // the innermost that can be seen
	clear    bool                // there are wrappers, and what they wrap can hijack
}

// look looks through w. Where the view is clear a WriteHeader(101) is safe, and lets the access logs
// among the wrappers see it. Where it ends at a wrapper that hides what it wraps, the hijack may
// fail, and no 101 could be taken back; where there are no wrappers, nobody would see it.
func look(w http.ResponseWriter) (v view) {
	for wrappers := 0; ; wrappers++ {
		hj, ok := w.(http.Hijacker)
		if ok && v.hijacker == nil {
			v.hijacker = hj
		}
		below, wraps := w.(interface{ Unwrap() http.ResponseWriter })
		if !wraps {
			v.bottom, v.clear = w, ok && wrappers > 0
			return v
		}
		w = below.Unwrap()
	}
}

// writeHead sends the 101 around net/http, which has given the connection up.
func writeHead(conn net.Conn, header http.Header) error {
	b := bytes.NewBuffer(make([]byte, 0, 512))
	b.WriteString("HTTP/1.1 101 Switching Protocols\r\n")
	for key, values := range header {
		for _, value := range values {
			b.WriteString(key + ": " + headerNewlines.Replace(value) + "\r\n")
		}
	}
	b.WriteString("\r\n")
	_, err := conn.Write(b.Bytes())
	return err
}

// headerNewlines keeps a middleware's value from starting a header of its own, as net/http does.
var headerNewlines = strings.NewReplacer("\n", " ", "\r", " ")

// noConn is the net.Conn that coder gets, and closes.
type noConn struct{ net.Conn }

func (noConn) Read([]byte) (int, error)    { return 0, net.ErrClosed }
func (noConn) Write(p []byte) (int, error) { return len(p), nil }
func (noConn) Close() error                { return nil }

package wsecho

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"example.com/wsecho/wsecho/internal/deflate"
	"example.com/wsecho/wsecho/internal/header"
)

// upgrade performs the upgrade of a handshake that has passed its checks, RFC 6455 section 4.2.2.
// coder's Accept would do it too, but makes a Conn of its own for it: 51 allocations, and a fifth of the
// CPU of a session that opens and closes.
func (h *Handler) upgrade(w http.ResponseWriter, r *http.Request, subprotocol string) (*Session, *HandshakeError) {
	z, extension := deflate.Negotiate(header.Extensions(r.Header["Sec-Websocket-Extensions"]), h.Compression)
	head := [][2]string{
		{"Upgrade", "websocket"},
		{"Connection", "Upgrade"},
		{"Sec-WebSocket-Accept", acceptKey(r.Header["Sec-Websocket-Key"][0])},
	}
	if subprotocol != "" {
		head = append(head, [2]string{"Sec-WebSocket-Protocol", subprotocol})
	}
	if extension != "" {
		head = append(head, [2]string{"Sec-WebSocket-Extensions", extension})
	}
	conn, early, refusal := h.takeOver(w, head)
	if refusal != nil {
		return nil, refusal
	}
	s := &Session{Log: h.logger(), h: h, remote: r.RemoteAddr}
	s.subprotocol = uint16(slices.Index(h.set.subprotocols, subprotocol))
	s.pending.Store(2) // the connection, the hooks: see release
	s.conn.Init(sessionContext(r), &h.set.wire, (*events)(s), conn, early, z)
	return s, nil
}

// acceptKey answers the client's Sec-WebSocket-Key.
func acceptKey(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// sessionContext has the values of r's context and nothing else of it. chi takes its route context
// back when ServeHTTP returns, and fills it with the next request's parameters: the session keeps a copy.
func sessionContext(r *http.Request) context.Context {
	ctx := context.WithoutCancel(r.Context())
	if shared := chi.RouteContext(ctx); shared != nil {
		ctx = context.WithValue(ctx, chi.RouteCtxKey, shared.Clone())
	}
	return ctx
}

// upgradeHeaders are those that say how an upgrade goes, and are for this package alone to set. They are spelled
// as RFC 6455 does, on every way that they may take: there are clients that do not ignore case.
var upgradeHeaders = []string{"Upgrade", "Connection", "Sec-WebSocket-Accept", "Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"}

// contentHeaders say what a response contains. A 101 contains nothing, and chi's Compress, told of a type
// that it compresses, would not let the connection go.
var contentHeaders = []string{"Content-Type", "Content-Encoding", "Content-Length", "Transfer-Encoding"}

// errBegun is why a response cannot become a 101 any more.
var errBegun = errors.New("the response has begun")

// takeOver hijacks the connection and sends a 101 with the fields of head.
// early is what the client sent on the heels of its handshake; it is good until the next read.
//
// Where wrappers would see it the 101 is announced, and the server's own writer sends it. Where there are none, or one
// keeps it back, it is written to the connection, with the headers that the wrappers have added.
func (h *Handler) takeOver(w http.ResponseWriter, head [][2]string) (conn net.Conn, early []byte, refusal *HandshakeError) {
	chain := inspectWriters(w)
	switch {
	case !chain.hijacker:
		return nil, nil, refusedHijack(chain.last, errors.ErrUnsupported)
	case chain.server.status() != 0:
		return nil, nil, refusedHijack(chain.last, errBegun)
	case h.reg.shuttingDown(): // since the first check
		return nil, nil, refusedShutdown
	}
	header := w.Header()
	deleteFields(header, upgradeHeaders)
	deleteFields(header, contentHeaders)
	var deadline time.Time
	if t := h.set.wire.WriteTimeout; t > 0 {
		deadline = time.Now().Add(t) // the peer may have pipelined requests and read no answer
	}
	var sent error
	if chain.announces() {
		sent = chain.announce(head, deadline)
	}
	conn, brw, failed, err := chain.hijack()
	if err != nil {
		return nil, nil, refusedHijack(failed, err)
	}
	switch chain.server.status() {
	case http.StatusSwitchingProtocols:
	case 0:
		deleteFields(header, upgradeHeaders)
		conn.SetWriteDeadline(deadline)
		_, sent = conn.Write(headBytes(head, header))
		conn.SetWriteDeadline(time.Time{})
	default: // a wrapper has made another of it
		conn.Close()
		return nil, nil, refusedHijack(w, errBegun)
	}
	if errors.Is(sent, os.ErrDeadlineExceeded) {
		conn.Close() // frames would follow what has left of the head
	} // a peer that has gone is found by the first read
	early, _ = brw.Reader.Peek(brw.Reader.Buffered())
	return conn, early, nil
}

// deleteFields removes the fields named keys, however their names are spelled.
func deleteFields(header http.Header, keys []string) {
	for name := range header {
		if slices.ContainsFunc(keys, func(key string) bool { return strings.EqualFold(key, name) }) {
			delete(header, name)
		}
	}
}

// headBytes is the head of a 101 that is sent around net/http, which has given the connection up. Of the
// middlewares' headers it has what net/http would send: no name that is not a token (such as a trailer's
// "Trailer:" key), no value that would start a field of its own.
func headBytes(head [][2]string, middlewares http.Header) []byte {
	b := append(make([]byte, 0, 512), "HTTP/1.1 101 Switching Protocols\r\n"...)
	for _, field := range head {
		b = append(append(b, field[0]...), ": "...)
		b = append(append(b, field[1]...), "\r\n"...)
	}
	if len(middlewares) > 0 {
		buf := bytes.NewBuffer(b)
		middlewares.Write(buf) // never fails
		b = buf.Bytes()
	}
	return append(b, "\r\n"...)
}

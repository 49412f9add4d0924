package wsecho

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/coder/websocket"
	"github.com/go-chi/chi/v5"
)

// upgrade lets coder's Accept perform the upgrade, and negotiate compression. What coder sees of the
// connection is a conn of no bytes: the socket is the session's alone.
func (h *Handler) upgrade(w http.ResponseWriter, r *http.Request, subprotocol string) (*Session, *HandshakeError) {
	u := &upgrader{ResponseWriter: w, r: r, reg: &h.reg, subprotocol: subprotocol, header: http.Header{}}
	c, err := websocket.Accept(u, r, &websocket.AcceptOptions{
		InsecureSkipVerify: true, // check has verified, by the same rules
		CompressionMode:    h.Compression,
	})
	if err != nil {
		if u.refusal == nil { // coder sees a fault that check does not
			u.refusal = &HandshakeError{Status: http.StatusBadRequest, Check: "upgrade", line: "bad handshake", err: err}
		}
		return nil, u.refusal
	}
	c.CloseNow() // coder's part is over; this takes its finalizer off, or it would never be collected
	s := &Session{h: h, remote: r.RemoteAddr, subprotocol: subprotocol, opened: time.Now()}
	s.sock.init(u.conn)
	s.parts.Store(2)
	s.ctx, s.cancel = context.WithCancelCause(sessionContext(r))
	s.z = newDeflater(u.header.Get("Sec-WebSocket-Extensions"))
	s.in.preload(u.early)
	return s, nil
}

// sessionContext has the values of r's context and nothing else of it. chi takes its route context
// back when ServeHTTP returns, and fills it with the next request's parameters: the session keeps a copy.
func sessionContext(r *http.Request) context.Context {
	ctx := context.WithoutCancel(r.Context())
	if shared := chi.RouteContext(ctx); shared != nil {
		own := *shared
		own.URLParams.Keys = slices.Clone(shared.URLParams.Keys)
		own.URLParams.Values = slices.Clone(shared.URLParams.Values)
		own.RoutePatterns = slices.Clone(shared.RoutePatterns)
		ctx = context.WithValue(ctx, chi.RouteCtxKey, &own)
	}
	return ctx
}

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

// Hijack sends the 101 and takes the connection over.
func (u *upgrader) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w := u.ResponseWriter
	hj, inTheWay := findHijacker(w)
	switch {
	case hj == nil:
		u.refusal = refusedHijack(inTheWay, errors.ErrUnsupported)
	case u.reg.shuttingDown(): // since the first check
		u.refusal = refusedShutdown
	}
	if u.refusal != nil {
		return nil, nil, u.refusal
	}
	head := w.Header()
	before := head.Clone()
	for _, key := range []string{"Sec-Websocket-Accept", "Sec-Websocket-Protocol", "Sec-Websocket-Extensions"} {
		delete(head, key) // a middleware's
	}
	if u.subprotocol != "" {
		head.Set("Sec-WebSocket-Protocol", u.subprotocol)
	}
	for key, values := range u.header {
		head[key] = values
	}
	// net/http sends the head as it gives the connection up, and the 101 shows in access logs. But a
	// writer that hides those below it may yet be unable to hijack, and a 101 could not be taken back.
	opaque := inTheWay != nil
	if !opaque {
		w.WriteHeader(http.StatusSwitchingProtocols)
	}
	conn, brw, err := hj.Hijack()
	if err != nil {
		clear(head)
		for key, values := range before {
			head[key] = values
		}
		u.refusal = refusedHijack(hj.(http.ResponseWriter), err)
		return nil, nil, u.refusal
	}
	if opaque {
		if err := writeHead(conn, head); err != nil {
			conn.Close()
			u.refusal = refusedHijack(hj.(http.ResponseWriter), err)
			return nil, nil, u.refusal
		}
	}
	u.conn = conn
	u.early, _ = brw.Reader.Peek(brw.Reader.Buffered())
	return noConn{}, bufio.NewReadWriter(bufio.NewReaderSize(noConn{}, 16), bufio.NewWriterSize(noConn{}, 16)), nil
}

// noConn is the net.Conn that coder gets, and closes.
type noConn struct{ net.Conn }

func (noConn) Read([]byte) (int, error)    { return 0, net.ErrClosed }
func (noConn) Write(p []byte) (int, error) { return len(p), nil }
func (noConn) Close() error                { return nil }

// findHijacker walks down the chain of writers to the first that can hijack. inTheWay is the writer
// at which the view ends without one; or, beside a hijacker, a hijacker that hides what is below it.
func findHijacker(w http.ResponseWriter) (hj http.Hijacker, inTheWay http.ResponseWriter) {
	for {
		if x, ok := w.(http.Hijacker); ok && hj == nil {
			hj = x
		}
		below, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			break
		}
		w = below.Unwrap()
	}
	if _, ok := w.(http.Hijacker); !ok {
		return hj, w
	}
	return hj, nil
}

func writeHead(conn net.Conn, header http.Header) error {
	var b bytes.Buffer
	b.WriteString("HTTP/1.1 101 Switching Protocols\r\n")
	header.Write(&b)
	b.WriteString("\r\n")
	_, err := conn.Write(b.Bytes())
	return err
}

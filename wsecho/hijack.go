package wsecho

import (
	"errors"
	"net"
	"net/http"
	"os"
	"reflect"
	"strings"
	"time"
)

// upgradeHeaders are those that say how an upgrade goes, and are for this package alone to set.
var upgradeHeaders = []string{"Connection", "Upgrade", "Sec-Websocket-Accept", "Sec-Websocket-Protocol", "Sec-Websocket-Extensions"}

// contentHeaders say what a response contains. A 101 contains nothing, and chi's Compress, told of a type
// that it compresses, would not let the connection go.
var contentHeaders = []string{"Content-Type", "Content-Encoding", "Content-Length", "Transfer-Encoding"}

// takeOver hijacks the connection and sends a 101 with the headers of head.
// early is what the client sent on the heels of its handshake; it is good until the next read.
func (h *Handler) takeOver(w http.ResponseWriter, head [][2]string) (conn net.Conn, early []byte, refusal *HandshakeError) {
	v := look(w)
	switch {
	case v.hijacker == nil:
		return nil, nil, refusedHijack(v.bottom, errors.ErrUnsupported)
	case h.reg.shuttingDown(): // since the first check
		return nil, nil, refusedShutdown
	}
	header := w.Header()
	drop(header, upgradeHeaders)
	drop(header, contentHeaders)
	if v.clear {
		for _, field := range head {
			header.Set(field[0], field[1])
		}
		w.WriteHeader(http.StatusSwitchingProtocols) // sent by net/http as it gives the connection up
	}
	conn, brw, err := v.hijacker.Hijack()
	if err != nil {
		return nil, nil, refusedHijack(v.hijacker.(http.ResponseWriter), err)
	}
	if !v.clear {
		if t := h.set.wire.WriteTimeout; t > 0 {
			conn.SetWriteDeadline(time.Now().Add(t)) // it may have pipelined requests and read no answer
		}
		if _, err := conn.Write(headBytes(head, header)); errors.Is(err, os.ErrDeadlineExceeded) {
			conn.Close() // frames would follow what has left of the head
		} // a peer that has gone is found by the first read
		conn.SetWriteDeadline(time.Time{})
	}
	early, _ = brw.Reader.Peek(brw.Reader.Buffered())
	return conn, early, nil
}

// drop removes what a middleware has set, or takeOver has for a hijack that failed.
func drop(header http.Header, keys []string) {
	for _, key := range keys {
		delete(header, key)
	}
}

// view is what can be seen of the writers that middleware has wrapped around the server's own.
type view struct {
	hijacker http.Hijacker       // the outermost; nil: none
	bottom   http.ResponseWriter // the innermost that can be seen
	clear    bool                // there are wrappers, and the hijack will not fail
}

// look looks through w. Where the view is clear a WriteHeader(101) is safe, and lets the access logs
// among the wrappers see it. Where it is not, the hijack may fail, and no 101 could be taken back; where
// there are no wrappers, nobody would see it.
func look(w http.ResponseWriter) (v view) {
	v.clear = true
	for wrappers := 0; ; wrappers++ {
		hj, ok := w.(http.Hijacker)
		if ok && v.hijacker == nil {
			v.hijacker = hj
		}
		below, wraps := w.(interface{ Unwrap() http.ResponseWriter })
		if !wraps {
			v.bottom, v.clear = w, v.clear && ok && wrappers > 0 && holds101(w, nil)
			return v
		}
		inner := below.Unwrap()
		v.clear = v.clear && (!ok || holds101(w, inner))
		w = inner
	}
}

// holds101: after a WriteHeader(101) w waits for the hijack, and does not fail it. net/http's own writer
// is of that kind, so are this module's, and so are chi's if what they wrap can hijack.
func holds101(w, inner http.ResponseWriter) bool {
	if _, ok := w.(interface{ Holds101() }); ok {
		return true
	}
	t := reflect.TypeOf(w)
	if t.Kind() != reflect.Pointer {
		return false
	}
	switch t.Elem().PkgPath() {
	case "net/http":
		return true
	case "github.com/go-chi/chi/v5/middleware":
		_, ok := inner.(http.Hijacker)
		return ok
	}
	return false
}

// headBytes is the head of a 101 that is sent around net/http, which has given the connection up.
func headBytes(head [][2]string, middlewares http.Header) []byte {
	b := append(make([]byte, 0, 512), "HTTP/1.1 101 Switching Protocols\r\n"...)
	add := func(key, value string) {
		b = append(append(b, key...), ": "...)
		b = append(append(b, value...), "\r\n"...)
	}
	for _, field := range head {
		add(field[0], field[1])
	}
	for key, values := range middlewares {
		for _, value := range values {
			add(key, headerNewlines.Replace(value))
		}
	}
	return append(b, "\r\n"...)
}

// headerNewlines keeps a value from starting a header of its own, as net/http does.
var headerNewlines = strings.NewReplacer("\n", " ", "\r", " ")

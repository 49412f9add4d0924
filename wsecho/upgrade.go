package wsecho

import (
	"context"
	"crypto/sha1"
	"encoding/base64"
	"net/http"
	"slices"

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

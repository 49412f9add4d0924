package wsecho

import (
	"context"
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

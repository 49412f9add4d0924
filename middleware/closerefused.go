package middleware

import (
	"bufio"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/coder/websocket"
)

// CloseRefused tells browsers why a handshake is refused. A page learns nothing of the status: its WebSocket closes
// with 1006, whatever it was. So where next answers a WebSocket handshake with 4xx or 5xx, CloseRefused upgrades it
// instead and closes it at once with the code 4000 + status, such as 4401, and the first line of the answer's body as
// its reason, cut to 123 bytes of valid UTF-8. Before the upgrade is right for every client that can read a status:
// use it for browsers.
//
//	r.With(middleware.CloseRefused, authenticate).Handle("/ws", h)
//
// Inside, everything sees the refusal as it was: access logs have the status. Outside, they have 101 or what
// [ExtendedConnect], which has to be outside, makes of it. The header of the answer becomes that of the upgrade, without what
// belongs to a body or a connection. The first subprotocol that the client offers is selected, as a browser fails a
// connection that selects none: a page that offers a token as well (see [BearerSubprotocol]) offers it last.
//
// A page of another origin, by its Origin and the request's Host, gets the code alone: a reason may say more than
// such a page should read, as the browser sends the user's cookies with its handshake.
//
// Everything else passes untouched: requests that are no valid handshake (RFC 6455, section 4.2.1), such as one of another
// version; answers below 400; a connection that the handler hijacks; a panic. A body that is compressed has no first line
// to tell.
//
// The upgrade is coder's Accept. It keeps the handler's goroutine until the client has answered the close frame, for 5 s
// at most; [LimitPerClient], outside, bounds how many a client can have at once.
//
// CloseRefused panics if next is nil.
func CloseRefused(next http.Handler) http.Handler {
	if next == nil {
		panic("middleware.CloseRefused: the handler is nil")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		offered, valid := subprotocolsOf(r)
		if !valid || !isValidHandshake(r) || !canHijack(w) {
			next.ServeHTTP(w, r)
			return
		}
		rw := &refusalWriter{ResponseWriter: w}
		next.ServeHTTP(rw, r)
		if rw.status != 0 {
			rw.close(r, offered)
		}
	})
}

// close upgrades the handshake r, whose refusal is w, and closes it.
func (w *refusalWriter) close(r *http.Request, offered []string) {
	removeFields(w.Header(), notOfUpgrade)
	c, err := websocket.Accept(briefWriter{w.ResponseWriter}, r, &websocket.AcceptOptions{
		InsecureSkipVerify: true, // whoever asks, it is closed
		Subprotocols:       offered[:min(1, len(offered))],
	})
	if err != nil {
		return // Accept has answered
	}
	reason := ""
	if isSameOrigin(r) {
		reason = w.reason()
	}
	c.Close(websocket.StatusCode(4000+w.status), reason)
}

// notOfUpgrade are the fields of a refusal that a 101 must not have: what belongs to its body or to the connection, and what
// Accept sets.
var notOfUpgrade = slices.Concat(upgradeFields, contentFields, []string{
	"Connection", "Trailer", "Sec-Websocket-Protocol", "Sec-Websocket-Extensions", "Sec-Websocket-Version",
})

// closeTimeout is how long a connection that has been upgraded in order to be closed may last.
const closeTimeout = 5 * time.Second

// briefWriter gives its connection closeTimeout. coder's Close does so only for the client's next frame header, not for the
// frame itself, which may be of any length.
type briefWriter struct{ http.ResponseWriter }

// Unwrap returns the writer below.
func (w briefWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Hijack takes the connection over from the writer below.
func (w briefWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, brw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	conn.SetDeadline(time.Now().Add(closeTimeout))
	return conn, brw, nil
}

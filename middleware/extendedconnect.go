package middleware

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"

	"github.com/go-chi/chi/v5"
)

// ExtendedConnect lets next serve WebSockets that a client opens over HTTP/2 (RFC
// 8441, the extended CONNECT). An extended CONNECT for any other protocol is answered
// with 501 (RFC 9220, section 3). Every other request passes untouched.
//
// net/http offers extended CONNECT only in a process that was started with
// GODEBUG=http2xconnect=1; importing package xconnect for its effect does as well.
// A client that is not offered it opens its WebSockets over HTTP/1.1.
//
// # What the handler sees
//
// The request is the GET that the client would have sent over HTTP/1.1, so chi's
// r.Get and the pattern "GET /ws" match it: with Connection and Upgrade, a random
// Sec-WebSocket-Key (RFC 8441 has none), no body, and 1.1 as ProtoMajor and
// ProtoMinor, for these are the rules that it now follows. Proto alone still says
// "HTTP/2.0". A handler may answer 101 and then hijack (coder/websocket), or hijack
// first and write its own "HTTP/1.1 101" (gorilla/websocket,
// [net/http/httputil.ReverseProxy]). A refusal is sent as it is, less the headers that
// HTTP/2 forbids. A 2xx without an upgrade becomes 501, because over HTTP/2 a 2xx
// means that the WebSocket is open (RFC 8441, section 5).
//
// # The connection
//
// Hijack returns the HTTP/2 stream as a [net.Conn]. As after any Hijack it is the
// handler's, which may return before it is done, until Close. ExtendedConnect
// itself returns after Close: net/http ends the stream when it does, with
// END_STREAM and, if the peer has not ended its side, RST_STREAM(NO_ERROR). What the
// peer sent before it ended or reset the stream can be read until Close. If next
// panics the connection is closed; if it is dropped without Close, its garbage
// collection closes it. All methods may be called from any goroutine, at any time:
// after Close, Read, Write and the deadlines' setters return [net.ErrClosed].
//
// net/http has no way to end one side of a stream, and its RST_STREAM keeps a browser
// from answering a close frame: Chromium then reports 1006 and not the code that it
// was sent. CloseWrite, found as interface{ CloseWrite() error }, ends the sending side,
// and with it the stream, once the peer has closed too: at once if Read has returned its
// close frame or an error, else when it does, and after 300 ms at the latest. Until
// then Read goes on; afterwards it returns io.EOF. CloseWrite itself waits for a Write
// under way; a Write after it fails. Close waits for nothing.
//
// The request's context lives until ExtendedConnect returns, so longer than a
// handler that returns early. But the peer's RST_STREAM, or the loss of the TCP
// connection, ends it at once: coder's Read(r.Context()) may then lose what was
// sent before.
//
// It differs from a TCP connection in these points, which are net/http's:
//   - A deadline that ends a Read or Write is final: later ones fail too, even
//     when it is extended. If it was a Write, or Close found one waiting, the
//     stream is reset (RST_STREAM).
//   - A Write that waits for the peer to read TCP, not for the stream's window,
//     ends only with the whole HTTP/2 connection: set
//     [http.HTTP2Config.WriteByteTimeout].
//   - Streams that are not read hold back the others of their connection, once they
//     have filled its window, 1 MiB by default: keep
//     [http.HTTP2Config.MaxReceiveBufferPerStream] small, such as 64 KiB, and
//     MaxReceiveBufferPerConnection above what may stall at once.
//   - [http.Server.Shutdown] waits for the stream. Server.ReadTimeout and
//     WriteTimeout do not apply to it.
//
// # Other middleware
//
// Inside, after ExtendedConnect, middleware sees the GET and is done when the
// handler returns. Outside, before it, it sees the CONNECT and lasts as long as the
// connection; what it does to the bytes of the response does not reach the
// connection. In a chi router, Use ExtendedConnect, or wrap the router: With, and
// Use in a Group, come after the routing, which found no r.Get for a CONNECT (405).
// The package's documentation has a table of other people's middleware. Of chi's own:
//
//	RequestID         inside, outside
//	ClientIP          inside, outside
//	Logger            inside, outside (the handshake: 101, or 000; the connection: 200)
//	Recoverer         inside, outside (before an answer: 501, 500)
//	Compress          inside, outside (see ExceptUpgrade for other libraries than wsecho)
//	Throttle          inside, outside (outside it counts open connections)
//	NoCache           inside, outside
//	StripSlashes      inside, outside
//	CleanPath         inside, outside
//	GetHead           inside, outside
//	Heartbeat         inside, outside
//	Timeout           with ExceptUpgrade (around wsecho alone it does no harm: it cuts who reads with r.Context())
//	RequestSize       inside (outside it limits all that a connection receives)
//	AllowContentType  inside (outside it refuses: a CONNECT has a body of no type)
//	ContentCharset    inside (outside it refuses: that body has no charset either)
//
// [http.TimeoutHandler] works neither inside nor outside, but with [ExceptUpgrade].
// [http.CrossOriginProtection] belongs inside, where it leaves a GET's Origin to the
// handler; outside it refuses an origin that the handler would allow.
func ExtendedConnect(next http.Handler) http.Handler {
	if next == nil {
		panic("middleware.ExtendedConnect: the handler is nil")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isExtendedConnect(r) {
			next.ServeHTTP(w, r)
			return
		}
		if !asksForWebSocket(r) {
			http.Error(w, "of extended CONNECT only websocket is served here", http.StatusNotImplemented)
			return
		}
		cw := &connectWriter{ResponseWriter: w, connect: r}
		defer cw.release() // if next panics
		next.ServeHTTP(cw.forHandler(), upgradeOf(r))
		cw.finish()
	})
}

// upgradeOf returns the extended CONNECT r as the GET of RFC 6455, section 4.1.
// Origin, Host and the other Sec-WebSocket headers mean the same in both (RFC 8441,
// section 5).
func upgradeOf(r *http.Request) *http.Request {
	up := r.WithContext(r.Context())
	up.Method = http.MethodGet
	// chi's writers can be hijacked only for HTTP/1, and it is ProtoMajor that they ask.
	up.ProtoMajor, up.ProtoMinor = 1, 1
	up.Body, up.ContentLength = http.NoBody, 0 // the body is the connection now
	up.Header = r.Header.Clone()
	delete(up.Header, ":protocol")
	delete(up.Header, "Content-Length")
	up.Header.Set("Connection", "Upgrade")
	up.Header.Set("Upgrade", "websocket")
	up.Header.Set("Sec-WebSocket-Key", newKey())
	if rctx := chi.RouteContext(r.Context()); rctx != nil && rctx.RouteMethod != "" {
		// In a subrouter chi has taken the method down already.
		rctx.RouteMethod = http.MethodGet
	}
	return up
}

// newKey returns a nonce for Sec-WebSocket-Key. What answers it is not sent over
// HTTP/2, but a proxy may take it further.
func newKey() string {
	var nonce [16]byte
	rand.Read(nonce[:]) // never fails
	return base64.StdEncoding.EncodeToString(nonce[:])
}

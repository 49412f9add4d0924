package middleware

import (
	"net"
	"net/http"
	"net/netip"
	"sync"

	chimiddleware "github.com/go-chi/chi/v5/middleware"
)

// LimitPerClient admits at most n open WebSockets for each client and answers 429
// with Retry-After to a handshake past that. The client is what key says; a request
// for which it returns "" is not limited. A nil key takes the client's address as chi's
// ClientIP middleware, which has to come before, found it, or else r.RemoteAddr: an
// IPv4 address as it is, an IPv6 address by its /64, for that is what one host is
// given. What is no address is a client by its name, without a port: so all peers on
// a Unix socket are one, and a proxy there needs a ClientIP. Other requests pass
// untouched.
//
//	r.Use(chimiddleware.ClientIPFromRemoteAddr)
//	r.With(middleware.LimitPerClient(10, nil)).Handle("/ws", h)
//
// One call to LimitPerClient counts once, over all the routes that its result is used
// on. Clients with no open connection are forgotten, and their memory given back.
//
// A handshake takes its place before the handler runs. The place is free again, once,
// when the connection has been closed; when the handler returned or panicked without
// hijacking one; or, if the handler dropped the connection without closing it, when it
// is garbage-collected. It works inside and outside [ExtendedConnect].
//
// # Phones that change networks
//
// A connection that is lost without a word keeps its place until the handler notices. A
// wsecho.Handler does so after PingInterval and PongTimeout at most, 35 s by default,
// unless one of its hooks runs for longer; then the place is free. With the default key
// the phone comes back from another address as a rule, where that place does not count.
// With a key by user it counts: while lost connections fill the limit the user's next
// handshake is refused with 429, of which a page sees that its socket fails with code
// 1006. So let n be one or two more than a user needs at once, and let clients try
// again, after a delay that grows.
//
// # For WebSocket libraries
//
// To learn of the end, Hijack returns the connection in a wrapper that overrides Close
// and nothing else. A handler that needs the *net.TCPConn itself may take it out, if
// it undertakes to say when the connection has gone. The wrapper has the method
//
//	Detach() (conn net.Conn, closed func())
//
// which returns what it wraps and a function to call after conn has been closed, by
// any goroutine, once or more often. After Detach the wrapper must not be used. conn
// may have a Detach of its own; call that too.
//
// LimitPerClient panics if n is not positive.
func LimitPerClient(n int, key func(*http.Request) string) func(http.Handler) http.Handler {
	if n < 1 {
		panic("middleware.LimitPerClient: n is not positive")
	}
	if key == nil {
		key = clientAddress
	}
	clients := &openPerClient{limit: n, open: map[string]int{}}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			client := ""
			if isHandshake(r) {
				client = key(r)
			}
			if client == "" {
				next.ServeHTTP(w, r)
				return
			}
			if !clients.add(client) {
				w.Header().Set("Retry-After", "10") // a guess: it depends on the client itself
				http.Error(w, "too many open connections", http.StatusTooManyRequests)
				return
			}
			pw := &placeWriter{ResponseWriter: w, leave: sync.OnceFunc(func() { clients.remove(client) })}
			defer pw.handlerDone()
			next.ServeHTTP(pw, r)
		})
	}
}

// clientAddress is the default key.
func clientAddress(r *http.Request) string {
	addr := chimiddleware.GetClientIPAddr(r.Context())
	if !addr.IsValid() {
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		if err != nil {
			host = r.RemoteAddr
		}
		if addr, err = netip.ParseAddr(host); err != nil {
			return "address " + host // such as a Unix socket's; never ""
		}
	}
	addr = addr.Unmap()
	if addr.Is6() {
		return netip.PrefixFrom(addr, 64).Masked().String() // without a zone
	}
	return addr.String()
}

package sessiontest

import (
	"io"
	"log"
	"net"
	"net/http"
	"testing"
	"testing/synctest"

	"example.com/wsecho/wsecho/internal/peer"
)

// Transport is a way to carry sessions.
type Transport struct {
	Name string

	// Serve serves h until the test ends and returns what opens sessions with it.
	Serve func(t testing.TB, h http.Handler) Dial

	InMemory bool // no kernel has a part in it, so that it works in fake time
}

// promptly runs a test whose peer must take what it is sent within half a second, as a busy machine may keep it
// from doing: in fake time, where that can be.
func (over Transport) promptly(t *testing.T, test func(t *testing.T)) {
	if over.InMemory {
		synctest.Test(t, test)
	} else {
		test(t) // the kernel takes it
	}
}

// Dial performs one handshake. header has what the test asks for, its subprotocols and
// extensions; what the transport itself needs (Upgrade and a key, or :protocol) Dial adds.
// The Peer is nil if the handshake was refused. Its connection is closed when the test ends.
type Dial func(t testing.TB, header http.Header) (status int, answer http.Header, p *peer.Peer)

// HTTP1 carries sessions by the upgrade of HTTP/1.1 over what listen makes: a listener, closed
// with the server, and the way to connect to it.
func HTTP1(name string, listen func(t testing.TB) (net.Listener, func() (net.Conn, error))) Transport {
	return Transport{Name: name, Serve: func(t testing.TB, h http.Handler) Dial {
		l, connect := listen(t)
		srv := &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}
		done := make(chan struct{})
		go func() { srv.Serve(l); close(done) }()
		t.Cleanup(func() { srv.Close(); <-done })
		return func(t testing.TB, header http.Header) (int, http.Header, *peer.Peer) {
			t.Helper()
			c, err := connect()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Close() })
			r := peer.Request{}
			for name, values := range header {
				for _, v := range values {
					r = r.With(name + ": " + v)
				}
			}
			p, answer, err := peer.Handshake(c, r)
			if err != nil {
				t.Fatal(err)
			}
			if answer.StatusCode != http.StatusSwitchingProtocols {
				p = nil
			}
			return answer.StatusCode, answer.Header, p
		}
	}}
}

package faulttest

import (
	"net"
	"net/http"
	"os/exec"
	"sync"
	"testing"

	toxic "github.com/Shopify/toxiproxy/v2/client"

	"example.com/wsecho/wsecho/wsechotest/child"
)

// toxiproxy is one server for all tests that want a bad network; each has a proxy of its own in it.
var toxiproxy toxicServer

type toxicServer struct {
	once sync.Once
	api  *toxic.Client
	p    *child.Process
}

func (s *toxicServer) start(t *testing.T) {
	path, err := built(".", "github.com/Shopify/toxiproxy/v2/cmd/server")
	if err != nil {
		t.Fatal(err)
	}
	addr := reserve(t)
	host, port, _ := net.SplitHostPort(addr)
	if s.p, err = child.Run(exec.Command(path, "-host", host, "-port", port)); err != nil {
		t.Fatal(err)
	}
	listening(t, s.p, addr)
	s.api = toxic.NewClient(addr)
}

// stop ends the server after the last test.
func (s *toxicServer) stop() {
	if s.p != nil {
		s.p.Kill()
		http.DefaultClient.CloseIdleConnections() // the api's
	}
}

// network is a way to a server that can go bad.
type network struct {
	t     *testing.T
	proxy *toxic.Proxy
	addr  string
}

// networkTo makes a network that is good so far.
func networkTo(t *testing.T, s *server) *network {
	t.Helper()
	toxiproxy.once.Do(func() { toxiproxy.start(t) })
	if toxiproxy.api == nil {
		t.Fatal("toxiproxy did not start")
	}
	proxy, err := toxiproxy.api.CreateProxy(t.Name(), "127.0.0.1:0", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { proxy.Delete() })
	return &network{t, proxy, proxy.Listen}
}

// The directions: up is from the client to the server.
const (
	up   = "upstream"
	down = "downstream"
)

// add makes one direction worse, for the connections that are open too.
func (n *network) add(kind, direction string, attributes toxic.Attributes) {
	n.t.Helper()
	if _, err := n.proxy.AddToxic("", kind, direction, 1, attributes); err != nil {
		n.t.Fatal(err)
	}
}

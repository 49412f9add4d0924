package main

import "testing"

// TestStalledSockets: all that a connection may carry, stalled, leave it open for one more byte.
func TestStalledSockets(t *testing.T) {
	srv, err := newServer(nil, options{addr: "127.0.0.1:0", tls: true, http2: true})
	if err != nil {
		t.Fatal(err)
	}
	c := srv.HTTP2
	full := c.MaxConcurrentStreams * c.MaxReceiveBufferPerStream
	if full == 0 || full >= c.MaxReceiveBufferPerConnection || c.MaxReceiveBufferPerConnection >= 4<<20 {
		t.Errorf("%d streams of %d fill a connection of %d", c.MaxConcurrentStreams, c.MaxReceiveBufferPerStream, c.MaxReceiveBufferPerConnection)
	}
}

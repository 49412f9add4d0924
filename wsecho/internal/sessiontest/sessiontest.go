// Package sessiontest holds what a session must do whatever carries it: TCP, TLS, a pipe in
// memory, a stream of HTTP/2. Each test drives a real session with bytes written by hand and
// reads both of its ends.
//
//	transport.go  what a transport is, and HTTP/1.1 over any listener
//	both.go       a session seen from both ends, and the check of how it ended
//	ends.go       every row of how a session ends
//	ways.go       ways to end that many sessions take at once
//	closing.go    the end of the connection: after both close frames, and where nobody is waited for
//	idle.go       a middleware that ends quiet connections
//	broken.go     every way to break the protocol
//	messages.go   every shape of a message that is right
//	deflate.go    the same with permessage-deflate
//	busy.go       a drain in the middle of traffic, with any client
//	log.go        what was logged
package sessiontest

import "testing"

// Run drives every session test over one transport.
func Run(t *testing.T, over Transport) {
	for _, mode := range []struct {
		name    string
		deflate bool
	}{{"plain", false}, {"deflate", true}} {
		t.Run(mode.name, func(t *testing.T) {
			t.Parallel()
			t.Run("ends", func(t *testing.T) { RunEnds(t, over, mode.deflate, Start) })
			t.Run("broken", func(t *testing.T) { runBroken(t, over, mode.deflate) })
			t.Run("messages", func(t *testing.T) { runMessages(t, over, mode.deflate) })
		})
	}
	t.Run("closing", func(t *testing.T) { runClosing(t, over) })
	t.Run("permessage-deflate", func(t *testing.T) {
		t.Parallel()
		runDeflate(t, over)
	})
}

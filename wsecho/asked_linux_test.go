package wsecho_test

import (
	"net/http"
	"testing"
	"time"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
)

// A session that is closed while its goroutine is asked whether it can be spared, which a hook keeps it
// from answering, waits for the peer all the same.
func TestClosedWhileAsked(t *testing.T) {
	release := make(chan struct{})
	h := &wsecho.Handler{CloseTimeout: time.Minute, OnOpen: func(s *wsecho.Session, _ *http.Request) error {
		sessiontest.Poll(t, "it is asked", func() bool { return wsecho.Asked(s) })
		s.Close(4000, "")
		<-release
		return nil
	}}
	wsecho.ParkAfter(h, soon)
	b := start(t, h)
	b.Peer.Mute = true
	b.CheckPeer(t, sessiontest.End{Code: 4000})
	close(release)
	wait(t, "OnClose", b.Ended)
	for range 50 { // a connection that is closed answers the first with a reset
		if err := b.Peer.Send(peer.Ping("")); err != nil || h.Stats().Open != 1 {
			t.Fatalf("the peer was not waited for: %v", err)
		}
		time.Sleep(time.Millisecond)
	}
	b.Peer.Close()
	b.Gone(t)
}

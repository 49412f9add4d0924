package wsecho_test

import (
	"testing"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
)

// The kernel may refuse to watch one more socket, for a time. The session keeps its goroutine and asks again.
func TestParkingRefused(t *testing.T) {
	parked(t, 0)
	h := &wsecho.Handler{}
	wsecho.ParkAfter(h, soon)
	mend := wsecho.BreakLot()
	defer func() { mend() }()
	before := wsecho.Parkings()
	p := serve(t, h).open(t)
	echoes := func() {
		p.Send(peer.Text("m"))
		if got := p.Next(); got != "text:m" {
			t.Errorf("the peer saw %q", got)
		}
	}
	sessiontest.Poll(t, "it has tried twice", func() bool { return wsecho.Parkings() >= before+2 })
	echoes()
	if n := wsecho.Parked(); n != 0 {
		t.Errorf("%d parked", n)
	}
	mend()
	mend = func() {}
	parked(t, 1)
	echoes()
}

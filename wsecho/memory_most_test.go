package wsecho_test

import (
	"testing"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/wsechotest/await"
	"example.com/wsecho/wsecho/wsechotest/child"
	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// The most that a peer can make a session hold: it leaves all that it is sent unread, and has sent almost a
// whole message, or a whole one that a hook keeps. Of the latter it is the buffer that counts.
func TestMostMemory(t *testing.T) {
	leaktest.Slow(t)
	if !child.Alone(t) {
		return
	}
	sessions := leaktest.Volume(4, 8, 20)
	const constant = 160 << 10 // with the peer's end, and net/http's of this server alone
	for _, c := range []struct {
		name   string
		over   sessiontest.Transport
		limit  int // both ReadLimit and WriteLimit
		buffer int // for a message of ReadLimit
		sent   func(n int) []byte
	}{
		{"almost a message", overTCP, 1 << 20, 1 << 20, almost},
		{"almost a message, a plain conn", overWrapped, 1 << 20, 1 << 20, almost},
		{"a message in a hook", overTCP, 1 << 20, 1 << 20, whole},
		{"a message in a hook, a plain conn", overWrapped, 1 << 20, 1 << 20, whole},
		{"between two sizes of buffers", overTCP, 300 << 10, 1 << 20, almost},
		{"more than the largest that is kept", overTCP, 1200 << 10, 2048 << 10, almost},
	} {
		t.Run(c.name, func(t *testing.T) {
			var before int
			release := make(chan struct{})
			defer close(release)
			for i := range sessions + 2 {
				if i == 2 {
					before = heapInUse()
				}
				h := &wsecho.Handler{
					ReadLimit: int64(c.limit), WriteLimit: c.limit, WriteTimeout: -1, PingInterval: -1, CloseTimeout: -1,
					OnMessage: onMessage(func(*wsecho.Session) error { <-release; return nil }),
				}
				b := sessiontest.Start(t, c.over, h, false)
				if err := b.Peer.Send(c.sent(c.limit)); err != nil {
					t.Fatal(err)
				}
				n, full := 0, 0
				await.Poll(t, "the kernel and the queue are full, and stay so", func() bool {
					for full++; h.Stats().Queued < int64(c.limit)-1000; n++ {
						full = 0
						b.Session.TryWrite(text, make([]byte, []int{100, 1000, 30_000, 200_000}[n%4]))
					}
					return full == 20
				})
			}
			beyond := (heapInUse()-before)/sessions - c.buffer - c.limit
			t.Logf("%d KB a session beyond its message and its queue", beyond>>10)
			if beyond > constant {
				t.Error("that is more than Handler's comment says")
			}
		})
	}
}

// almost is a message of n bytes of which the last is missing.
func almost(n int) []byte {
	b := whole(n)
	return b[:len(b)-1]
}

func whole(n int) []byte { return peer.Binary(make([]byte, n)) }

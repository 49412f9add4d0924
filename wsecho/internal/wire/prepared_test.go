package wire

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho/internal/peer"
)

// A message that many slow peers wait for is there once: each costs a reference to it, and the bytes of a flusher.
func TestPreparedIsSharedByQueues(t *testing.T) {
	const conns, waits = 1_000, 64 << 10
	for _, size := range []int{waits, 1 << 10} {
		t.Run(fmt.Sprintf("64 KiB in messages of %d", size), func(t *testing.T) {
			all := make([]*rig, conns)
			for i := range all {
				all[i] = unheard(t)
			}
			before := heap()
			for range waits / size {
				m := Prepare(websocket.MessageBinary, make([]byte, size))
				for _, r := range all {
					if err := r.TryWritePrepared(m); err != nil {
						t.Fatal(err)
					}
				}
			}
			for _, r := range all {
				if n := r.Queued(); n < waits {
					t.Fatalf("%d bytes wait", n)
				}
			}
			each := (heap() - before - waits) / conns
			t.Logf("%d bytes a connection", each)
			if most := 2048 + waits/size*2*chunkSize; each > most {
				t.Errorf("%d bytes a connection, of the message %d wait", each, waits)
			}
		})
	}
}

// unheard is a Conn whose peer reads nothing. What its Handler is told nobody looks at.
func unheard(t *testing.T) *rig {
	client, server := net.Pipe()
	r := &rig{Conn: new(Conn), t: t, peer: peer.New(client), gone: make(chan struct{}),
		h: &recorder{t: t, ended: make(chan struct{}), closed: make(chan struct{})}}
	r.Init(context.Background(), config(), r.h, detached{server, func() { close(r.gone) }}, nil, nil)
	r.begin()
	return r
}

// heap returns what lives on the heap, pools emptied.
func heap() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// Beside a goroutine that deflates TryWrite does not wait: its message goes uncompressed, which RFC 7692
// section 6 leaves to the sender, prepared or not. Afterwards both are compressed again.
func TestTryWriteBesideDeflating(t *testing.T) {
	p := []byte(strings.Repeat("again and ", 100))
	m := Prepare(websocket.MessageText, p)
	for name, try := range map[string]func(c *Conn) error{
		"TryWrite":         func(c *Conn) error { return c.TryWrite(websocket.MessageText, p) },
		"TryWritePrepared": func(c *Conn) error { return c.TryWritePrepared(m) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := prepare(t, viaPipe, config(), codec())
				r.begin()
				for deflated, locked := range []bool{true, false} {
					if locked {
						r.in.codec.Out.Lock()
					}
					if err := try(r.Conn); err != nil { // or it would wait for ever
						t.Fatal(err)
					}
					r.sees(fmt.Sprintf("text:len %d", len(p)))
					if r.peer.Deflated != deflated {
						t.Errorf("locked is %t, %d messages came compressed", locked, r.peer.Deflated)
					}
					if locked {
						r.in.codec.Out.Unlock()
					}
				}
			})
		})
	}
}

// A Prepared is deflated when somebody needs that, once, and its two frames are what everybody gets.
func TestPreparedIsDeflatedOnce(t *testing.T) {
	m := Prepare(websocket.MessageText, []byte(strings.Repeat("once ", 200)))
	plain := start(t, viaTCP, config(), nil)
	if err := plain.TryWritePrepared(m); err != nil {
		t.Fatal(err)
	}
	plain.sees("text:len 1000")
	if m.deflated != nil {
		t.Error("deflated for nobody")
	}
	var first *byte
	for range 3 {
		r := prepare(t, viaTCP, config(), codec())
		r.begin()
		if err := r.WritePrepared(context.Background(), m); err != nil {
			t.Fatal(err)
		}
		r.sees("text:len 1000")
		if first == nil {
			first = &m.deflated[0]
		}
		if r.peer.Deflated != 1 || &m.deflated[0] != first {
			t.Error("not the frame that the first one got")
		}
	}
}

//go:build !race

// The race detector allocates, and makes pools forget.

package wsecho_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/wsechotest/child"
	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

var echoSizes = []int{1, 64, 1000, 4096, 16 << 10, 64 << 10}

// echo sends frames and reads as many bytes as their echoes have, all without an allocation of its own.
type echo struct {
	conn   net.Conn
	frames []byte
	back   []byte
}

func newEcho(c net.Conn, size, messages int) *echo {
	one := peer.Binary(make([]byte, size))
	return &echo{c, bytes.Repeat(one, messages), make([]byte, (len(one)-4)*messages)} // the key stays here
}

func (e *echo) roundTrip(t testing.TB) {
	if _, err := e.conn.Write(e.frames); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(e.conn, e.back); err != nil {
		t.Fatal(err)
	}
}

// TestEchoAllocatesNothing: a message up to 64 KiB, uncompressed, over a real socket, alone and among
// others. What the pools and the runtime cost once in a while stays below one allocation in ten messages.
func TestEchoAllocatesNothing(t *testing.T) {
	if !child.Alone(t) {
		return
	}
	for _, over := range []sessiontest.Transport{overTCP, overUnix} {
		for _, size := range echoSizes {
			for _, messages := range []int{1, 16} {
				if size*messages > 64<<10 {
					continue // the peer writes all before it reads: no socket is bound to take more
				}
				t.Run(fmt.Sprintf("%s/%d bytes/%d at once", over.Name, size, messages), func(t *testing.T) {
					b := sessiontest.Start(t, over, new(wsecho.Handler), false)
					e := newEcho(b.Peer.Conn, size, messages)
					if n := testing.AllocsPerRun(200, func() { e.roundTrip(t) }) / float64(messages); n >= 0.1 {
						t.Errorf("%.2f allocations a message", n)
					}
				})
			}
		}
	}
}

// TestTryWriteAllocatesNothing: from outside, as a broadcast does.
func TestTryWriteAllocatesNothing(t *testing.T) {
	if !child.Alone(t) {
		return
	}
	b := start(t, new(wsecho.Handler))
	p, back := make([]byte, 64), make([]byte, 66)
	if n := testing.AllocsPerRun(200, func() {
		if err := b.Session.TryWrite(websocket.MessageBinary, p); err != nil {
			t.Fatal(err)
		}
		io.ReadFull(b.Peer.Conn, back)
	}); n >= 0.1 {
		t.Errorf("%.2f allocations a message", n)
	}
}

// frameLen reads the next frame and returns its length, header and all.
func frameLen(t *testing.T, c net.Conn) int {
	head := make([]byte, 10)
	io.ReadFull(c, head[:2])
	n, size := int(head[1]), 2
	switch n {
	case 126:
		size = 4
		io.ReadFull(c, head[2:size])
		n = int(binary.BigEndian.Uint16(head[2:]))
	case 127:
		size = 10
		io.ReadFull(c, head[2:size])
		n = int(binary.BigEndian.Uint64(head[2:]))
	}
	if _, err := io.CopyN(io.Discard, c, int64(n)); err != nil {
		t.Fatal(err)
	}
	return size + n
}

// TestTryWritePreparedAllocatesNothing: nor does one that reads nothing, whether its queue takes the message or
// has no room for it.
func TestTryWritePreparedAllocatesNothing(t *testing.T) {
	leaktest.Slow(t)
	if !child.Alone(t) {
		return
	}
	for _, deflate := range []bool{false, true} {
		for _, size := range []int{64, 1024, 64 << 10} {
			t.Run(fmt.Sprintf("%d bytes, compressed: %t", size, deflate), func(t *testing.T) {
				m := wsecho.Prepare(websocket.MessageBinary, bytes.Repeat([]byte("some "), size/5))
				b := sessiontest.Start(t, overTCP, &wsecho.Handler{}, deflate)
				if err := b.Session.TryWritePrepared(m); err != nil { // and deflates it
					t.Fatal(err)
				}
				back := make([]byte, frameLen(t, b.Peer.Conn))
				if n := testing.AllocsPerRun(200, func() {
					if err := b.Session.TryWritePrepared(m); err != nil {
						t.Fatal(err)
					}
					io.ReadFull(b.Peer.Conn, back)
				}); n >= 0.1 {
					t.Errorf("%.2f allocations a delivery", n)
				}
				slow := sessiontest.Start(t, overTCP, &wsecho.Handler{WriteTimeout: -1}, deflate)
				fill(t, slow.Session, 1000)
				fill(t, slow.Session, 10)
				if n := testing.AllocsPerRun(200, func() {
					for slow.Session.TryWritePrepared(m) == nil { // the kernel has taken some after all
					}
				}); n >= 0.1 {
					t.Errorf("%.2f allocations where there is no room", n)
				}
			})
		}
	}
}

func BenchmarkEcho(b *testing.B) {
	for _, size := range echoSizes {
		for _, messages := range []int{1, 16} {
			b.Run(fmt.Sprintf("%d bytes/%d at once", size, messages), func(b *testing.B) {
				dial := overTCP.Serve(b, new(wsecho.Handler))
				_, _, p := dial(b, map[string][]string{"Sec-Websocket-Protocol": {wsecho.DefaultSubprotocol}})
				e := newEcho(p.Conn, size, messages)
				b.SetBytes(int64(size * messages))
				b.ReportAllocs()
				for b.Loop() {
					e.roundTrip(b)
				}
			})
		}
	}
}

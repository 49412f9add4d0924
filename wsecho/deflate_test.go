package wsecho_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
)

// TestServerWindow: what we send never refers further back than the client has asked for.
func TestServerWindow(t *testing.T) {
	for bits := 8; bits <= 15; bits++ {
		for _, mode := range []websocket.CompressionMode{websocket.CompressionContextTakeover, websocket.CompressionNoContextTakeover} {
			t.Run(fmt.Sprintf("%d bits, mode %d", bits, mode), func(t *testing.T) {
				asked := fmt.Sprintf("server_max_window_bits=%d", bits)
				p, answer, _ := serve(t, &wsecho.Handler{Compression: mode}).shake(t, peer.Request{Lines: []string{"Sec-WebSocket-Extensions: permessage-deflate; " + asked}})
				if p == nil || !strings.Contains(answer.Header.Get("Sec-WebSocket-Extensions"), asked) {
					t.Fatalf("%v is answered by %v", asked, answer)
				}
				defer p.Close()
				p.Inflates, p.Window = true, 1<<bits
				for i, size := range []int{512, 600, 512 + 1<<bits, 513 + 1<<bits, 3000, 70_000, 600, 4096} {
					text := strings.Repeat(fmt.Sprintf("%d: the same again and again, ", i%2), size/20)[:size]
					p.Send(peer.Text(text))
					if m, err := p.Read(); err != nil || string(m.Payload) != text {
						t.Fatalf("%d bytes: %v, %v", size, m, err)
					}
				}
				if p.Deflated != 8 {
					t.Errorf("%d of 8 messages came compressed", p.Deflated)
				}
			})
		}
	}
}

// TestFinalBlocks: a compressed message ends where other peers take it to end (RFC 7692 section 7.2.3.4),
// and one that does not end is none.
func TestFinalBlocks(t *testing.T) {
	const hello, final = "\xf2\x48\xcd\xc9\xc9\x07\x00", "\xf3\x48\xcd\xc9\xc9\x07\x00"
	for _, v := range []struct{ name, deflated, want string }{
		{"a final block and an empty one", final + "\x00", "text:Hello"},
		{"a final block", final, "text:Hello"},
		{"the end of the flush left on", hello + "\x00\x00\xff\xff", "text:Hello"},
		{"hundred final blocks", strings.Repeat("\x03\x00", 99) + final, "text:Hello"},
		{"hundred final blocks, each with text", strings.Repeat(final, 99) + hello, "text:len 500"},
		{"a final block cut short", final[:4], "close:1007"},
		{"the second final block cut short", final + final[:4], "close:1007"},
	} {
		t.Run(v.name, func(t *testing.T) {
			p := serve(t, &wsecho.Handler{Compression: websocket.CompressionContextTakeover, ReadLimit: 500}).open(t, "Sec-WebSocket-Extensions: permessage-deflate")
			defer p.Close()
			p.Send(peer.Frame{First: peer.Fin | peer.RSV1 | peer.OpText, Payload: []byte(v.deflated)}.Bytes())
			if got := p.Next(); !strings.HasPrefix(got, v.want) {
				t.Errorf("the peer saw %q, want %q", got, v.want)
			}
		})
	}
}

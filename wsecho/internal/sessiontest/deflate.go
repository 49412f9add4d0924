package sessiontest

import (
	"bytes"
	"compress/flate"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
)

func z(first byte, payload string) []byte {
	return peer.Frame{First: first | peer.RSV1, Payload: []byte(payload)}.Bytes()
}

// incompressible is random, so that deflate makes it longer.
func incompressible(n int) []byte {
	p := make([]byte, n)
	r := rand.NewChaCha8([32]byte{})
	r.Read(p)
	return p
}

var (
	deflated = string(peer.Deflate([]byte(strings.Repeat("abc ", 50))))
	inflated = "text:" + strings.Repeat("abc ", 50)
)

// The first are the examples of RFC 7692, section 7.2.3.
var deflateShapes = []shape{
	{"one block", z(fin|text, "\xf2\x48\xcd\xc9\xc9\x07\x00"), []string{"text:Hello"}},
	{"one block in two fragments", peer.Join(z(text, "\xf2\x48\xcd"), peer.Fragment(fin|cont, "\xc9\xc9\x07\x00")), []string{"text:Hello"}},
	{"a block without compression", z(fin|text, "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"), []string{"text:Hello"}},
	{"a final block", z(fin|text, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), []string{"text:Hello"}},
	{"two blocks", z(fin|text, "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"), []string{"text:Hello"}},
	{"an empty message", z(fin|text, "\x00"), []string{"text:"}},
	{"an empty message of no bytes", z(fin|peer.OpBinary, ""), []string{"binary:"}},
	{"twice the same", bytes.Repeat(z(fin|text, deflated), 2), []string{inflated, inflated}},
	{"uncompressed between compressed", peer.Join(z(fin|text, deflated), peer.Text("plain"), z(fin|text, deflated)), []string{inflated, "text:plain", inflated}},
	{"pings between fragments", peer.Join(z(text, deflated[:3]), peer.Ping("1"), peer.Fragment(cont, ""), peer.Ping("2"), peer.Fragment(fin|cont, deflated[3:])), []string{"pong:1", "pong:2", inflated}},
	{"ReadLimit after inflation", peer.Compressed(peer.OpBinary, make([]byte, limit)), []string{"binary:len 4096"}},
	{"ReadLimit of what grows by compression", peer.Compressed(peer.OpBinary, incompressible(limit)), []string{"binary:len 4096"}},
}

var deflateBroken = []broken{
	{"a reserved block type", z(fin|text, "\x07\x00"), `(?i)flate|compress`},
	{"random bytes", z(fin|text, "\xff\xfe\xfd\xfc\xfb"), `(?i)flate|compress`},
	{"a block cut short", z(fin|peer.OpBinary, "\x00\x0a\x00\xf5\xff\x48"), `(?i)flate|compress`},
	{"a distance before the start", z(fin|text, "\xf2\x00\x11\x00\x00"), `(?i)flate|compress`},
	{"text that is not UTF-8", peer.Compressed(peer.OpText, []byte("a\xffb")), `(?i)utf-?8`},
}

// bomb is 16 MiB in 16 KiB.
var bomb = sync.OnceValue(func() []byte { return peer.Compressed(peer.OpText, make([]byte, 16<<20)) })

// nothing is 10 MB that inflate to none, in a message that does not end.
var nothing = sync.OnceValue(func() []byte {
	return peer.Join(z(text, ""), bytes.Repeat(peer.Fragment(cont, strings.Repeat("\x00\x00\x00\xff\xff", 1000)), 2000))
})

// runDeflate is what only a session with permessage-deflate can meet.
func runDeflate(t *testing.T, over Transport) {
	t.Run("messages", func(t *testing.T) { runShapes(t, over, true, deflateShapes) })
	t.Run("broken", func(t *testing.T) { runBytes(t, over, true, 1007, "invalid", deflateBroken) })

	tooBig := End{Code: 1009, Reason: "*", Label: "too_big", Err: is(websocket.ErrMessageTooBig)}
	for name, b := range map[string][]byte{
		"over ReadLimit by one, after inflation": peer.Compressed(peer.OpBinary, make([]byte, limit+1)),
		"a bomb":                                 bomb(),
		"an endless message that inflates to nothing": nothing(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := Start(t, over, &wsecho.Handler{ReadLimit: limit, CloseTimeout: time.Minute}, true)
			s.Send(b)
			s.Check(t, tooBig)
		})
	}
	t.Run("a header that no message within ReadLimit has", func(t *testing.T) {
		t.Parallel()
		h := &wsecho.Handler{ReadLimit: limit}
		unfinished(h)
		s := Start(t, over, h, true)
		s.Send(peer.Frame{First: fin | peer.RSV1 | text, Declared: 1 << 30}.Bytes())
		s.Check(t, tooBig)
	})
	for name, mode := range map[string]websocket.CompressionMode{
		"CompressionContextTakeover": websocket.CompressionContextTakeover, "CompressionNoContextTakeover": websocket.CompressionNoContextTakeover,
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); windows(t, over, mode) })
	}
	t.Run("not offered", func(t *testing.T) {
		t.Parallel()
		b := Start(t, over, &wsecho.Handler{Compression: websocket.CompressionContextTakeover}, false)
		b.Send(peer.Text(strings.Repeat("plain ", 300)), z(fin|text, deflated))
		b.Check(t, End{Frames: []string{"text:len 1800"}, Code: 1002, Reason: "*", Label: "protocol"})
	})
}

// windows: both sides may refer to what they sent before, where the answer allows it, and the
// server does compress.
func windows(t *testing.T, over Transport, mode websocket.CompressionMode) {
	h := &wsecho.Handler{Compression: mode}
	status, answer, p := over.Serve(t, h)(t, http.Header{"Sec-Websocket-Protocol": {wsecho.DefaultSubprotocol}, "Sec-Websocket-Extensions": {"permessage-deflate"}})
	if p == nil {
		t.Fatalf("handshake: status %d", status)
	}
	defer h.Close()
	p.Inflates = true
	takeover := !strings.Contains(answer.Get("Sec-WebSocket-Extensions"), "client_no_context_takeover")
	if takeover != (mode == websocket.CompressionContextTakeover) {
		t.Fatalf("extensions: %q", answer.Get("Sec-WebSocket-Extensions"))
	}
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.DefaultCompression)
	for i := range 20 {
		if b.Reset(); !takeover {
			w.Reset(&b)
		}
		want := fmt.Sprintf("%d: %x", i, incompressible(2000))
		w.Write([]byte(want))
		w.Flush()
		go p.Send(peer.Frame{First: fin | peer.RSV1 | text, Payload: bytes.TrimSuffix(b.Bytes(), []byte{0, 0, 0xff, 0xff})}.Bytes())
		if m, err := p.Read(); err != nil || string(m.Payload) != want {
			t.Fatalf("message %d: %v, %v", i, m, err)
		}
	}
	if p.Deflated != 20 {
		t.Errorf("the server compressed %d of 20 messages", p.Deflated)
	}
}

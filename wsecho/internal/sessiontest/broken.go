package sessiontest

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// broken is bytes that end a session as soon as they are in. Nothing comes after them, so a
// session that waits for more shows. says is what OnClose's error must say.
type broken struct {
	name  string
	bytes []byte
	says  string
}

func head(first byte, n uint64, form int) []byte {
	return peer.Frame{First: first, Declared: n, Form: form}.Bytes()
}

const text, cont, fin = byte(peer.OpText), byte(peer.OpContinuation), byte(peer.Fin)

var protocolErrors = []broken{
	{"frame not masked", peer.Frame{First: fin | text, Payload: []byte("hi"), Unmasked: true}.Bytes(), `mask`},
	{"empty frame not masked", []byte{fin | text, 0}, `mask`},
	{"close frame not masked", peer.Frame{First: fin | peer.OpClose, Payload: []byte{3, 232}, Unmasked: true}.Bytes(), `mask`},
	{"reserved bit 2", head(fin|peer.RSV2|text, 1, 7), `reserved|RSV`},
	{"reserved bit 3", head(fin|peer.RSV3|text, 1, 7), `reserved|RSV`},
	{"reserved bit in a ping", head(fin|peer.RSV1|peer.OpPing, 1, 7), `reserved|RSV`},
	{"reserved bit in a continuation", peer.Join(peer.Fragment(text, "a"), head(fin|peer.RSV1|cont, 1, 7)), `reserved|RSV`},
	{"opcode 3", head(fin|3, 1, 7), `opcode`},
	{"opcode 7", head(fin|7, 1, 7), `opcode`},
	{"opcode 11", head(fin|11, 1, 7), `opcode`},
	{"opcode 15", head(fin|15, 1, 7), `opcode`},
	{"continuation of nothing", head(fin|cont, 1, 7), `continu|fragment`},
	{"continuation after a whole message", peer.Join(peer.Pong(""), head(cont, 1, 7)), `continu|fragment`},
	{"new message inside a fragmented one", peer.Join(peer.Fragment(text, "a"), head(fin|text, 1, 7)), `fragment|inside|message`},
	{"new binary fragment inside a fragmented one", peer.Join(peer.Fragment(text, "a"), peer.Fragment(cont, "b"), head(peer.OpBinary, 1, 7)), `fragment|inside|message`},
	{"control frame fragmented", head(peer.OpPing, 1, 7), `control|fragment`},
	{"close frame fragmented", head(peer.OpClose, 2, 7), `control|fragment`},
	{"control frame too long", head(fin|peer.OpPing, 126, 16), `control|long`},
	{"control frame far too long", head(fin|peer.OpClose, 1<<20, 64), `control|long`},
	{"reserved bit, in a first byte alone", []byte{fin | peer.RSV2 | text}, `reserved|RSV`},
	{"opcode 3, in a first byte alone", []byte{fin | 3}, `opcode`},
	{"continuation of nothing, its first byte alone", []byte{cont}, `continu|fragment`},
	{"control frame fragmented, its first byte alone", []byte{peer.OpPing}, `control|fragment`},
	{"frame not masked, its first bytes alone", []byte{fin | text, 126}, `mask`},
	{"length 0 in 16 bits", []byte{fin | text, 0x80 | 126, 0, 0}, `length|short`},
	{"length 125 in 16 bits", []byte{fin | text, 0x80 | 126, 0, 125}, `length|short`},
	{"length 125 in 64 bits", head(fin|text, 125, 64), `length|short`},
	{"length 65535 in 64 bits", head(fin|text, 65535, 64), `length|short`},
	{"length with its top bit set", head(fin|text, 1<<63, 64), `length|bit`},
	{"length with all bits set", head(fin|text, 1<<64-1, 64), `length|bit`},
	{"close payload of one byte", peer.CloseBody([]byte{3}), `close`},
	{"close code 0", peer.Close(0, ""), `close`},
	{"close code 999", peer.Close(999, ""), `close`},
	{"close code 1004", peer.Close(1004, ""), `close`},
	{"close code 1005", peer.CloseBody([]byte{3, 237}), `close`},
	{"close code 1006", peer.Close(1006, ""), `close`},
	{"close code 1015", peer.Close(1015, ""), `close`},
	{"close code 1016", peer.Close(1016, ""), `close`},
	{"close code 2999", peer.Close(2999, ""), `close`},
	{"close code 5000", peer.Close(5000, ""), `close`},
	{"close code 65535", peer.Close(65535, ""), `close`},
	{"close code 999, its frame unfinished", begun(fin|peer.OpClose, "\x03\xe7"), `close`},
}

// begun is the start of a frame whose header declares more than there is.
func begun(first byte, s string) []byte {
	f := peer.Frame{First: first, Payload: []byte(s + strings.Repeat("x", 100))}.Bytes()
	return f[:len(f)-100]
}

var notUTF8 = []broken{
	{"a whole message", peer.Text("a\xffb"), `(?i)utf-?8`},
	{"a rune that stops short at the end of the message", peer.Text("\xe2\x82"), `(?i)utf-?8`},
	{"the first bad byte of an unfinished frame", begun(fin|text, "good\xff"), `(?i)utf-?8`},
	{"a lone continuation byte", begun(fin|text, "\x80"), `(?i)utf-?8`},
	{"an overlong slash", begun(fin|text, "\xc0"), `(?i)utf-?8`},
	{"an overlong rune of three bytes", begun(fin|text, "\xe0\x80"), `(?i)utf-?8`},
	{"a surrogate", begun(fin|text, "\xed\xa0"), `(?i)utf-?8`},
	{"a rune past the last", begun(fin|text, "\xf4\x90"), `(?i)utf-?8`},
	{"a rune cut short by another", begun(fin|text, "\xe2\x82a"), `(?i)utf-?8`},
	{"a rune cut short across fragments", peer.Join(peer.Fragment(text, "a\xe2\x82"), begun(cont, "a")), `(?i)utf-?8`},
	{"a bad fragment in the middle", peer.Join(peer.Fragment(text, "a"), peer.Fragment(cont, "\xfe")), `(?i)utf-?8`},
	{"a last fragment that leaves a rune unfinished", peer.Join(peer.Fragment(text, "\xf0\x9f"), peer.Fragment(fin|cont, "\x98")), `(?i)utf-?8`},
	{"a close reason", peer.Close(1000, "bye\xff"), `(?i)utf-?8`},
	{"the first bad byte of an unfinished close reason", begun(fin|peer.OpClose, "\x03\xe8bye\xff"), `(?i)utf-?8`},
	{"a close reason that stops short", peer.Close(1000, "\xe2\x82"), `(?i)utf-?8`},
}

func runBroken(t *testing.T, over Transport, deflate bool) {
	first := broken{"reserved bit 1", head(fin|peer.RSV1|text, 1, 7), `reserved|RSV`}
	if !deflate {
		runBytes(t, over, deflate, 1002, "protocol", append([]broken{first}, protocolErrors...))
	} else {
		runBytes(t, over, deflate, 1002, "protocol", protocolErrors)
	}
	t.Run("not UTF-8", func(t *testing.T) { runBytes(t, over, deflate, 1007, "invalid", notUTF8) })
}

// runBytes sends each after a message that is right: at once, and byte by byte (slow).
func runBytes(t *testing.T, over Transport, deflate bool, code int, label string, all []broken) {
	for _, v := range all {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			for _, slow := range []bool{false, true} {
				over.promptly(t, func(t *testing.T) { v.run(t, over, deflate, code, label, slow) })
			}
		})
	}
}

// run sends it, over a session of its own.
func (v broken) run(t *testing.T, over Transport, deflate bool, code int, label string, slow bool) {
	h := &wsecho.Handler{CloseTimeout: await.Patience / 2, OnMessage: func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
		if string(p) != "hi" {
			t.Errorf("OnMessage got %q", p)
		}
		return wsecho.Echo(ctx, s, typ, p)
	}}
	b := Start(t, over, h, deflate)
	b.Peer.HangsUp = true // one that leaves a frame unfinished never gets its close frame through
	if !slow {
		b.Send(b.Text("hi"), v.bytes)
	} else {
		for _, c := range append(b.Text("hi"), v.bytes...) {
			b.Send([]byte{c})
		}
	}
	b.Check(t, End{Frames: []string{"text:hi"}, Code: code, Reason: "*", Label: label, Err: func(err error) bool {
		return regexp.MustCompile(v.says).MatchString(err.Error())
	}})
}

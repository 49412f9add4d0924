package sessiontest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
)

// shape is bytes that are right, and what an echo answers.
type shape struct {
	name  string
	bytes []byte
	want  []string
}

const runes = "añ€😀\u0000\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff" // each length, first and last

var shapes = []shape{
	{"empty text", peer.Text(""), []string{"text:"}},
	{"empty binary", peer.Binary(nil), []string{"binary:"}},
	{"binary that is not UTF-8", peer.Binary([]byte("\xff\xfe")), []string{"binary:\xff\xfe"}},
	{"every length of rune", peer.Text(runes), []string{"text:" + runes}},
	{"many in one write", bytes.Repeat(peer.Text("m"), 300), slices.Repeat([]string{"text:m"}, 300)},
	{"fragments", peer.Join(peer.Fragment(text, "a"), peer.Fragment(cont, "b"), peer.Fragment(fin|cont, "c")), []string{"text:abc"}},
	{"empty fragments", peer.Join(peer.Fragment(peer.OpBinary, ""), peer.Fragment(cont, ""), peer.Fragment(cont, "b"), peer.Fragment(fin|cont, "")), []string{"binary:b"}},
	{"nothing but empty fragments", peer.Join(peer.Fragment(text, ""), peer.Fragment(fin|cont, "")), []string{"text:"}},
	{"runes cut between fragments", cutRunes(), []string{"text:" + runes}},
	{"ping", peer.Ping("hello"), []string{"pong:hello"}},
	{"empty ping", peer.Ping(""), []string{"pong:"}},
	{"the longest ping", peer.Ping(strings.Repeat("p", 125)), []string{"pong:" + strings.Repeat("p", 125)}},
	{"pings between fragments", peer.Join(peer.Fragment(text, "a"), peer.Ping("1"), peer.Fragment(cont, "b"), peer.Ping("2"), peer.Ping("\xff"), peer.Fragment(fin|cont, "c"), peer.Ping("3")),
		[]string{"pong:1", "pong:2", "pong:\xff", "text:abc", "pong:3"}},
	{"pongs that nobody asked for", peer.Join(peer.Pong("x"), peer.Fragment(text, "a"), peer.Pong(""), peer.Fragment(fin|cont, "b")), []string{"text:ab"}},
	{"text, then binary", peer.Join(peer.Text("a"), peer.Binary([]byte("b")), peer.Text("c")), []string{"text:a", "binary:b", "text:c"}},
	{"all of ReadLimit", peer.Binary(make([]byte, limit)), []string{"binary:len 4096"}},
	{"all of ReadLimit in fragments", peer.Join(peer.Fragment(peer.OpBinary, strings.Repeat("a", limit-1)), peer.Fragment(fin|cont, "b")), []string{"binary:len 4096"}},
	{"all of ReadLimit twice", bytes.Repeat(peer.Binary(make([]byte, limit)), 2), []string{"binary:len 4096", "binary:len 4096"}},
}

func cutRunes() []byte {
	var b []byte
	for i := range len(runes) {
		b = append(b, peer.Fragment(first(i == 0, text), runes[i:i+1])...)
	}
	return append(b, peer.Fragment(fin|cont, "")...)
}

// first is the opcode of a message's first fragment, and a continuation afterwards.
func first(is bool, op byte) byte {
	if is {
		return op
	}
	return cont
}

func runMessages(t *testing.T, over Transport, deflate bool) {
	runShapes(t, over, deflate, shapes)
	t.Run("every size", func(t *testing.T) { t.Parallel(); everySize(t, over, deflate) })
	t.Run("pushed before the peer has sent a byte", func(t *testing.T) { t.Parallel(); pushed(t, over, deflate) })
}

// runShapes sends each shape whole, and byte by byte, and closes.
func runShapes(t *testing.T, over Transport, deflate bool, shapes []shape) {
	for _, s := range shapes {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			for _, slow := range []bool{false, true} {
				b := Start(t, over, &wsecho.Handler{ReadLimit: limit}, deflate)
				if bytes := peer.Join(s.bytes, peer.Close(1000, "")); !slow {
					b.Send(bytes)
				} else {
					for c := range slices.Chunk(bytes, 1+len(bytes)/400) {
						b.Send(c)
					}
				}
				b.Check(t, End{Frames: s.want, Code: 1000, Reason: "*", Label: "peer", Err: closeError(1000)})
			}
		})
	}
}

// everySize echoes messages around every length at which a frame or a buffer changes, and
// compares all of their bytes.
func everySize(t *testing.T, over Transport, deflate bool) {
	b := Start(t, over, &wsecho.Handler{ReadLimit: -1, WriteLimit: -1}, deflate)
	for _, around := range []int{1, 126, 512, 1024, 4096, 16 << 10, 32 << 10, 64 << 10, 256 << 10} {
		for n := around - 1; n <= around+1; n++ {
			want := bytes.Repeat(fmt.Appendf(nil, "%d añ€😀 ", n), n/12+1)[:n]
			for i := n - 1; !utf8.Valid(want); i-- { // the cut fell inside a rune
				want[i] = 'x'
			}
			op := byte(peer.OpText)
			if n%2 == 1 {
				op = peer.OpBinary
			}
			if deflate && n%3 > 0 {
				b.Send(peer.Compressed(op, want))
			} else {
				b.Send(peer.Frame{First: fin | op, Payload: want}.Bytes())
			}
			m, err := b.Peer.Read()
			if err != nil {
				t.Fatalf("%d bytes: %v", n, err)
			}
			if m.Op != op || !bytes.Equal(m.Payload, want) {
				t.Fatalf("%d bytes: the echo differs: %s", n, m)
			}
		}
	}
	b.Send(peer.Close(1000, ""))
	b.Check(t, End{Code: 1000, Reason: "*", Label: "peer", Err: closeError(1000)})
}

// pushed: what is written before the peer has sent a byte arrives whole, and in order.
func pushed(t *testing.T, over Transport, deflate bool) {
	b := Start(t, over, new(wsecho.Handler), deflate)
	var want []string
	for i := range 100 {
		m := fmt.Sprintf("%d %s", i, strings.Repeat("push ", i))
		if err := b.Session.TryWrite(websocket.MessageText, []byte(m)); err != nil {
			t.Fatal(err)
		}
		want = append(want, peer.Message{Op: text, Payload: []byte(m)}.String())
	}
	b.Session.Close(1000, "")
	b.Check(t, End{Frames: want, Code: 1000, Label: "closed", Err: closeError(1000)})
}

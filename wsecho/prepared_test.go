package wsecho_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// deflations are the ways in which a session may compress, and how far back what it gets may refer.
var deflations = []struct {
	name   string
	mode   websocket.CompressionMode
	offer  string
	window int
	alone  int // the longest Prepared that it gets compressed, of those in these tests
}{
	{"no compression", websocket.CompressionDisabled, "", 0, 0},
	{"no context takeover", websocket.CompressionNoContextTakeover, "permessage-deflate", 32 << 10, 1 << 20},
	{"context takeover", websocket.CompressionContextTakeover, "permessage-deflate", 32 << 10, 1 << 20},
	{"a window of 2^12", websocket.CompressionContextTakeover, "permessage-deflate; server_max_window_bits=12", 4 << 10, 4 << 10},
	{"a window of 2^8", websocket.CompressionNoContextTakeover, "permessage-deflate; server_max_window_bits=8", 256, 256},
}

// deflating opens a session of each kind and runs test with it. Its peer fails what refers too far back.
func deflating(t *testing.T, over sessiontest.Transport, h func() *wsecho.Handler, test func(t *testing.T, s *wsecho.Session, p *peer.Peer, alone int)) {
	for _, d := range deflations {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			h := h()
			h.Compression = d.mode
			opened := make(chan *wsecho.Session, 1)
			h.OnOpen = func(s *wsecho.Session, _ *http.Request) error { opened <- s; return nil }
			header := http.Header{"Sec-Websocket-Protocol": {wsecho.DefaultSubprotocol}}
			if d.offer != "" {
				header.Set("Sec-WebSocket-Extensions", d.offer)
			}
			_, answer, p := over.Serve(t, h)(t, header)
			if p == nil {
				t.Fatal("refused")
			}
			t.Cleanup(func() { h.Close() })
			if got := answer.Get("Sec-WebSocket-Extensions"); strings.HasPrefix(got, "permessage-deflate") != (d.offer != "") {
				t.Fatalf("extensions %q", got)
			}
			p.Inflates, p.Window = d.offer != "", d.window
			test(t, <-opened, p, d.alone)
		})
	}
}

// Every type, and the lengths at which a frame or its compression changes.
func TestPrepared(t *testing.T) {
	over := []sessiontest.Transport{overTCP, overTLS, overHalfPipe}
	for _, over := range over {
		t.Run(over.Name, func(t *testing.T) {
			unlimited := func() *wsecho.Handler { return &wsecho.Handler{WriteLimit: -1} }
			deflating(t, over, unlimited, func(t *testing.T, s *wsecho.Session, p *peer.Peer, alone int) {
				for _, typ := range []websocket.MessageType{text, websocket.MessageBinary} {
					for _, n := range []int{0, 1, 125, 126, 256, 511, 512, 513, 4096, 4097, 1<<16 - 1, 1 << 16, 300_000} {
						want := bytes.Repeat([]byte("so much for that. "), n/18+1)[:n]
						given := bytes.Clone(want)
						m := wsecho.Prepare(typ, given)
						clear(given) // it has been copied
						was := p.Deflated
						if err := s.TryWritePrepared(m); err != nil {
							t.Fatal(err)
						}
						got, err := p.Read()
						if err != nil || int(got.Op) != int(typ) || !bytes.Equal(got.Payload, want) {
							t.Fatalf("%d bytes came as %v, %v", n, got, err)
						}
						if deflated := p.Deflated > was; deflated != (n >= 512 && n <= alone) {
							t.Errorf("%d bytes were compressed: %t", n, deflated)
						}
					}
				}
			})
		})
	}
}

// somewhat makes text that repeats itself, within a message and from one to the next.
func somewhat(r *rand.Rand, n int) []byte {
	var b bytes.Buffer
	for b.Len() < n {
		fmt.Fprintf(&b, `{"user":%d,"said":"%s"}`, r.IntN(5), strings.Repeat("ha ", r.IntN(9)))
	}
	return b.Bytes()[:n]
}

// A thousand mixes of messages for one and for many: all inflate, with the peer's own window, to what they were.
// The peer inflates as RFC 7692 says, and fails a message that refers further back than was agreed on.
func TestPreparedAmongOthers(t *testing.T) {
	leaktest.Beside(t)
	shared := make([]*wsecho.Prepared, 20) // for all sessions at once
	texts := make([][]byte, len(shared))
	r := rand.New(rand.NewPCG(1, 2))
	for i := range shared {
		texts[i] = somewhat(r, []int{100, 400, 600, 3000, 5000, 40_000}[i%6])
		shared[i] = wsecho.Prepare(text, texts[i])
	}
	deflating(t, overTCP, func() *wsecho.Handler { return new(wsecho.Handler) }, func(t *testing.T, s *wsecho.Session, p *peer.Peer, alone int) {
		const mixes = 200 // of each of the five kinds of session
		r := rand.New(rand.NewPCG(3, uint64(alone)))
		for mix := range mixes {
			var want [][]byte
			for range 1 + r.IntN(8) {
				i, own := r.IntN(len(shared)), somewhat(r, r.IntN(3000))
				var err error
				switch r.IntN(4) {
				case 0:
					err, own = s.WritePrepared(t.Context(), shared[i]), texts[i]
				case 1:
					err, own = s.TryWritePrepared(shared[i]), texts[i]
				case 2:
					err = s.Write(t.Context(), text, own)
				default:
					err = s.TryWrite(text, own)
				}
				if err != nil {
					t.Fatal(err)
				}
				want = append(want, own)
			}
			for i, w := range want {
				if m, err := p.Read(); err != nil || !bytes.Equal(m.Payload, w) {
					t.Fatalf("mix %d, message %d of %d: %v, %v", mix, i, len(want), m, err)
				}
			}
		}
	})
}

// One message may be written by many goroutines to many sessions at once, beside messages of their own.
func TestPreparedConcurrently(t *testing.T) {
	const writers, rounds = 4, 50
	want := bytes.Repeat([]byte("for all "), 500)
	m := wsecho.Prepare(text, want)
	var own atomicPayloads
	deflating(t, overTCP, func() *wsecho.Handler { return &wsecho.Handler{WriteLimit: -1} }, func(t *testing.T, s *wsecho.Session, p *peer.Peer, _ int) {
		var writing sync.WaitGroup
		for range writers {
			writing.Go(func() {
				for range rounds {
					if err := s.TryWritePrepared(m); err != nil {
						t.Error(err)
					}
					if err := s.Write(t.Context(), websocket.MessageBinary, own.next()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		for range 2 * writers * rounds {
			got, err := p.Read()
			if err != nil {
				t.Fatal(err)
			}
			if got.Op == peer.OpText != bytes.Equal(got.Payload, want) {
				t.Fatalf("%d bytes are not those that were prepared", len(got.Payload))
			}
		}
		writing.Wait()
	})
}

// atomicPayloads are messages that compress, no two alike.
type atomicPayloads struct {
	mu sync.Mutex
	n  int
}

func (a *atomicPayloads) next() []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.n++
	return bytes.Repeat(fmt.Append(nil, a.n), 300)
}

// Replies that a hook makes while more messages are at hand keep their order, prepared or not, and are all there.
func TestPreparedReplies(t *testing.T) {
	leaktest.Beside(t)
	const messages = 300
	for _, size := range []int{10, 1000, 40_000} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			rawAndPlain(t, func(t *testing.T, over sessiontest.Transport) {
				n := 0
				b := sessiontest.Start(t, over, &wsecho.Handler{WriteLimit: -1, OnMessage: onMessage(func(s *wsecho.Session) error {
					n++
					reply := fmt.Appendf(nil, "%0*d", size, n)
					if n%3 == 0 {
						return s.WritePrepared(s.Context(), wsecho.Prepare(text, reply))
					}
					return s.Write(s.Context(), text, reply)
				})}, false)
				b.Send(bytes.Repeat(peer.Text("m"), messages))
				for i := range messages {
					if m, err := b.Peer.Read(); err != nil || string(m.Payload) != fmt.Sprintf("%0*d", size, i+1) {
						t.Fatalf("reply %d: %.40q, %v", i, m.Payload, err)
					}
				}
				b.Send(peer.Close(1000, ""))
				b.Check(t, sessiontest.End{Code: 1000, Label: "peer", Reason: "*"})
			})
		})
	}
}

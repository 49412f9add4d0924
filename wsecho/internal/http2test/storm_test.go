package http2test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// leaving is a way in which a session ends.
type leaving struct {
	name  string
	label string   // in Stats().Ended
	sees  []string // what the peer sees last; nil: it does not look
	leave func(p *peer.Peer)
}

func ask(s string) func(*peer.Peer) { return func(p *peer.Peer) { p.Send(peer.Text(s)) } }

var leavings = []leaving{
	{"close", "peer", []string{"close:1000", "eof"}, func(p *peer.Peer) { p.Send(peer.Close(1000, "")) }},
	{"close and end", "peer", []string{"close:1000", "eof"}, func(p *peer.Peer) { p.Send(peer.Close(1000, "")); p.CloseWrite() }},
	{"end", "lost", []string{"eof"}, func(p *peer.Peer) { p.CloseWrite() }},
	{"vanish", "lost", nil, func(p *peer.Peer) { p.Close() }},
	{"reset", "lost", nil, func(p *peer.Peer) { p.Reset() }},
	{"reset in mid-frame", "lost", nil, func(p *peer.Peer) { p.Send(peer.Text("half a message")[:9]); p.Reset() }},
	{"hook closes", "closed", []string{"close:4000", "eof"}, ask("close")},
	{"hook fails", "error", []string{"close:1011", "eof"}, ask("fail")},
	{"hook panics", "panic", []string{"close:1011", "eof"}, ask("panic")},
	{"not masked", "protocol", []string{"close:1002", "eof"}, func(p *peer.Peer) { p.Send([]byte{0x81, 0}) }},
	{"not UTF-8", "invalid", []string{"close:1007", "eof"}, func(p *peer.Peer) { p.Send(peer.Text("\xff")) }},
	{"too big", "too_big", []string{"close:1009", "eof"}, func(p *peer.Peer) { p.Send(peer.Binary(make([]byte, 1<<20+1))) }},
	{"mute", "pong_timeout", []string{"close:1011", "eof"}, func(p *peer.Peer) { p.Mute = true }},
	{"never reads", "write_timeout", nil, ask("flood")},
}

// TestStorm: sessions come and go in every way at once, a few TCP connections under them all. Each
// checks every byte of its echoes, how it ends, and that it is counted so. The end of each stream is
// checked on the wire, and what is left at the end by the transport and TestMain.
func TestStorm(t *testing.T) {
	const total, workers = 1000, 50
	for name, encrypted := range map[string]bool{"HTTP/2": true, "h2c": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var lives sync.Map // by path: a channel that OnClose closes
			h := &wsecho.Handler{
				Logger:       slog.New(slog.DiscardHandler),
				PingInterval: 500 * time.Millisecond, PongTimeout: 5 * time.Second, WriteTimeout: 5 * time.Second,
				OnMessage: func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
					switch string(p) {
					case "close":
						s.Close(4000, "")
						return nil
					case "fail":
						return errors.New("storm")
					case "panic":
						panic("storm")
					case "flood":
						for {
							if err := s.Write(ctx, websocket.MessageBinary, make([]byte, 256<<10)); err != nil {
								return err
							}
						}
					}
					return wsecho.Echo(ctx, s, typ, p)
				},
				OnOpen: func(s *wsecho.Session, r *http.Request) error {
					s.Data, _ = lives.Load(r.URL.Path)
					return nil
				},
				OnClose: func(_ context.Context, s *wsecho.Session, _ error) { close(s.Data.(chan struct{})) },
			}
			s := serve(t, h, encrypted)
			t.Cleanup(func() { h.Close() })
			var next atomic.Int64
			var mu sync.Mutex
			wanted := map[string]uint64{}
			var wg sync.WaitGroup
			for range workers {
				wg.Go(func() {
					for n := next.Add(1); n <= total && !t.Failed(); n = next.Add(1) {
						way := leavings[rand.IntN(len(leavings))]
						if slices.Contains([]string{"pong_timeout", "write_timeout"}, way.label) && rand.IntN(5) > 0 {
							way = leavings[0] // those take long
						}
						mu.Lock()
						wanted[way.label]++
						mu.Unlock()
						path, gone := fmt.Sprint("/", n), make(chan struct{})
						lives.Store(path, gone)
						if err := s.live(path, way, gone); err != nil {
							t.Errorf("%s: %v", way.name, err)
						}
					}
				})
			}
			wg.Wait()
			await.Poll(t, "no session is open", func() bool { return h.Stats().Open == 0 })
			got := h.Stats()
			for label, n := range wanted {
				if got.Ended[label] != n {
					t.Errorf("%d sessions ended as %s, want %d", got.Ended[label], label, n)
				}
			}
			if got.Queued != 0 {
				t.Errorf("%d bytes are still queued", got.Queued)
			}
			t.Logf("ends: %v", got.Ended)
		})
	}
}

// live is one session from its handshake to its end, as the peer.
func (s *server) live(path string, way leaving, gone <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(context.Background(), await.Patience)
	defer cancel()
	c, _, err := s.client.Dial(ctx, s.url+path, http.Header{"Sec-Websocket-Protocol": {wsecho.DefaultSubprotocol}})
	if err != nil {
		return err
	}
	defer c.Close()
	p := peer.New(stream{c})
	p.Timeout = await.Patience
	for range rand.IntN(5) {
		want := make([]byte, rand.IntN(20_000))
		for i := range want {
			want[i] = byte(rand.Uint32())
		}
		if err := p.Send(peer.Binary(want)); err != nil {
			return err
		}
		for pings := true; pings; {
			m, err := p.Read()
			if err != nil {
				return err
			}
			if pings = m.Op == peer.OpPing; !pings && !bytes.Equal(m.Payload, want) {
				return fmt.Errorf("%d bytes came back as %s", len(want), m)
			}
		}
	}
	way.leave(p)
	if way.sees != nil {
		got := slices.DeleteFunc(p.Rest(), func(m string) bool { return m == "ping:" })
		for i, m := range got {
			got[i], _, _ = strings.Cut(m, " ") // whatever the reason
		}
		if !slices.Equal(got, way.sees) {
			return fmt.Errorf("the peer saw %q, want %q", got, way.sees)
		}
	}
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
		return errors.New("OnClose never ran")
	}
}

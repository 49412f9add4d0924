package wsecho_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/wsechotest/await"
	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// Shutdown in a storm of handshakes: no session is missed, none opens after, and each peer is either
// refused or told.
func TestShutdownStorm(t *testing.T) {
	const peers = 12
	rounds := leaktest.Volume(20, 60, 200)
	var current atomic.Pointer[wsecho.Handler]
	var arrived atomic.Uint64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived.Add(1)
		current.Load().ServeHTTP(w, r)
	}))
	defer srv.Close()
	var told, refused atomic.Int64
	for round := range rounds {
		var opened, closed atomic.Int64
		var over atomic.Bool
		h := &wsecho.Handler{Logger: new(sessiontest.Log).Logger()}
		h.OnOpen = func(*wsecho.Session, *http.Request) error {
			opened.Add(1)
			if over.Load() {
				t.Error("a session opened after Shutdown")
			}
			return nil
		}
		h.OnClose = func(_ context.Context, _ *wsecho.Session, err error) {
			closed.Add(1)
			if over.Load() || !errors.Is(err, wsecho.ErrShutdown) {
				t.Errorf("OnClose got %v, after Shutdown: %v", err, over.Load())
			}
		}
		current.Store(h)
		arrived.Store(0)
		begun := arrived.Load // in the middle of the handshakes, or of the sessions
		if round%2 > 0 {
			begun = func() uint64 { return h.Stats().Opened }
		}
		var wg sync.WaitGroup
		for range peers {
			wg.Go(func() {
				c, err := net.Dial("tcp", srv.Listener.Addr().String())
				if err != nil {
					t.Error(err)
					return
				}
				defer c.Close()
				p, answer, err := peer.Handshake(c, peer.Request{})
				switch {
				case err != nil:
					t.Error(err)
				case answer.StatusCode == http.StatusServiceUnavailable:
					refused.Add(1)
				case answer.StatusCode != http.StatusSwitchingProtocols:
					t.Error(answer.Status)
				default:
					told.Add(1)
					if got := p.Rest(); !slices.Equal(got, []string{"close:1001", "eof"}) {
						t.Errorf("the peer saw %q", got)
					}
				}
			})
		}
		for after := rand.Uint64N(peers); begun() < after && !t.Failed(); {
			runtime.Gosched()
		}
		if err := h.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		over.Store(true)
		st := h.Stats()
		if st.Open != 0 || st.Ended["shutdown"] != st.Opened || opened.Load() != closed.Load() || count(h) != 0 {
			t.Errorf("%+v, %d opened, %d closed", st, opened.Load(), closed.Load())
		}
		wg.Wait()
		if late := h.Stats().Opened; late != st.Opened {
			t.Errorf("%d sessions when Shutdown returned, then %d", st.Opened, late)
		}
	}
	t.Logf("%d peers were told, %d refused", told.Load(), refused.Load())
	if told.Load() == 0 || refused.Load() == 0 {
		t.Error("the storm was no storm")
	}
}

// Each peer is told, even when nobody waits.
func TestEveryPeerIsTold(t *testing.T) {
	for name, end := range map[string]func(h *wsecho.Handler) error{
		"Shutdown":                     func(h *wsecho.Handler) error { return h.Shutdown(context.Background()) },
		"Shutdown with an expired ctx": func(h *wsecho.Handler) error { h.Shutdown(expired()); return nil },
		"Handler.Close":                (*wsecho.Handler).Close,
		"Shutdown and Close and Shutdown": func(h *wsecho.Handler) error {
			go h.Shutdown(context.Background())
			h.Close()
			return h.Shutdown(context.Background())
		},
	} {
		t.Run(name, func(t *testing.T) {
			const n = 60
			var ended atomic.Int32
			h := &wsecho.Handler{OnClose: func(_ context.Context, _ *wsecho.Session, err error) {
				if ended.Add(1); !errors.Is(err, wsecho.ErrShutdown) {
					t.Errorf("OnClose: %v", err)
				}
			}}
			wsecho.ParkAfter(h, 2*time.Millisecond)
			e := serve(t, h)
			var peers []*peer.Peer
			for range n {
				peers = append(peers, e.open(t))
			}
			await.Poll(t, "all are open", func() bool { return count(h) == n })
			done := make(chan error, 1)
			go func() { done <- end(h) }()
			for i, p := range peers {
				if got := p.Rest(); !slices.Equal(got, []string{"close:1001", "eof"}) {
					t.Errorf("peer %d saw %q", i, got)
				}
				p.Close()
			}
			if err := await.Value(t, "it returns", done); err != nil {
				t.Error(err)
			}
			await.Poll(t, "all have ended", func() bool { return ended.Load() == n && h.Stats().Open == 0 })
		})
	}
}

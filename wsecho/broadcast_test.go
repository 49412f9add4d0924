package wsecho_test

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/wsechotest"
	"example.com/wsecho/wsecho/wsechotest/await"
	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// broadcast sends round n to all sessions, and says how many had no room for it.
func broadcast(t *testing.T, h *wsecho.Handler, n uint64, size int) (full int) {
	t.Helper()
	p := binary.BigEndian.AppendUint64(make([]byte, 0, size), n)[:size]
	for s := range h.Sessions() {
		switch err := s.TryWrite(websocket.MessageBinary, p); {
		case errors.Is(err, wsecho.ErrWriteLimit):
			full++
		case err != nil && !errors.Is(err, wsecho.ErrWriteTimeout): // it ended meanwhile
			t.Errorf("TryWrite: %v", err)
		}
	}
	return full
}

// One peer in ten does not read. In fake time a loop that waited would take some.
func TestBroadcast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const peers, slow, rounds, size, pause = 30, 3, 300, 2000, 10 * time.Millisecond
		var cut atomic.Int64
		h := &wsecho.Handler{WriteLimit: 50_000, WriteTimeout: time.Second, OnClose: func(_ context.Context, s *wsecho.Session, err error) {
			switch {
			case s.Data == true && errors.Is(err, wsecho.ErrWriteTimeout):
				cut.Add(1)
			case s.Data == true, !errors.Is(err, wsecho.ErrShutdown):
				t.Errorf("a session ended, slow is %v: %v", s.Data, err)
			}
		}}
		h.OnOpen = func(s *wsecho.Session, r *http.Request) error {
			s.Data = r.URL.RawQuery == "slow"
			return nil
		}
		got := make([]atomic.Uint64, peers)
		for i := range peers {
			if i%10 == 0 {
				wsechotest.Dial(t, h, "/?slow", nil)
				continue
			}
			c := wsechotest.Dial(t, h, "/", nil)
			go func() {
				for {
					_, p, err := c.Read(context.Background())
					if err != nil {
						if websocket.CloseStatus(err) != websocket.StatusGoingAway {
							t.Errorf("peer %d saw %v", i, err)
						}
						return
					}
					if n := binary.BigEndian.Uint64(p); n != got[i].Add(1) || len(p) != size {
						t.Errorf("peer %d got round %d, of %d bytes, as its %dth", i, n, len(p), got[i].Load())
					}
				}
			}()
		}
		synctest.Wait()
		full := 0
		for n := range rounds {
			begin := time.Now()
			full += broadcast(t, h, uint64(n+1), size)
			if d := time.Since(begin); d != 0 {
				t.Fatalf("round %d waited %v", n, d)
			}
			time.Sleep(pause)
		}
		// Some 57 rounds fill the streams and the queues. The last progress is at the 33rd: it shows
		// a second, 100 rounds, later, and again that later the slow are cut.
		if cut.Load() != slow || full < slow*50 || full > slow*200 {
			t.Errorf("%d peers were cut, %d messages found no room", cut.Load(), full)
		}
		for i := range got {
			if i%10 > 0 && got[i].Load() != rounds {
				t.Errorf("peer %d got %d of %d rounds", i, got[i].Load(), rounds)
			}
		}
		if err := h.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// The same over TCP, where the kernel takes what it will.
func TestBroadcastOverTCP(t *testing.T) {
	leaktest.Slow(t)
	t.Parallel()
	const peers, slow, rounds, size, lead = 20, 2, 100, 16_000, 5
	var cut, others atomic.Int64
	h := &wsecho.Handler{WriteLimit: 200_000, WriteTimeout: noStall, OnClose: func(_ context.Context, _ *wsecho.Session, err error) {
		if errors.Is(err, wsecho.ErrWriteTimeout) {
			cut.Add(1)
		} else {
			others.Add(1)
		}
	}}
	srv := httptest.NewUnstartedServer(h)
	srv.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		c.(*net.TCPConn).SetWriteBuffer(64 << 10) // or the kernel takes megabytes
		return ctx
	}
	srv.Start()
	defer srv.Close()
	e := &endpoint{Handler: h, srv: srv}
	got := make([]atomic.Uint64, peers)
	read := make(chan struct{}, peers)
	for i := range peers {
		p := e.open(t)
		if i%10 == 0 {
			p.Conn.(*net.TCPConn).SetReadBuffer(64 << 10) // likewise
			continue
		}
		go func() {
			defer func() { p.Close(); read <- struct{}{} }()
			for {
				m, err := p.Read()
				switch {
				case err != nil:
					t.Errorf("peer %d: %v", i, err)
					return
				case m.Op == peer.OpClose:
					return
				case m.Op == peer.OpBinary:
					if n := binary.BigEndian.Uint64(m.Payload); n != got[i].Add(1) || len(m.Payload) != size {
						t.Errorf("peer %d got round %d, of %d bytes, as its %dth", i, n, len(m.Payload), got[i].Load())
					}
				}
			}
		}()
	}
	await.Poll(t, "all are open", func() bool { return count(h) == peers })
	full := 0
	for n := range uint64(rounds) {
		full += broadcast(t, h, n+1, size)
		// Readers that keep up keep within the lead. WriteLimit has room for it twice: what a reader has
		// got may still be in the queue, until the goroutine that wrote it takes it off.
		await.Poll(t, "the readers keep up", func() bool {
			for i := range got {
				if i%10 > 0 && got[i].Load()+lead < n+1 {
					return false
				}
			}
			return true
		})
	}
	await.Poll(t, "the slow are cut", func() bool { return cut.Load() == slow })
	if others.Load() > 0 || full == 0 {
		t.Errorf("%d others ended, %d messages found no room", others.Load(), full)
	}
	h.Shutdown(t.Context())
	for range peers - slow {
		await.Value(t, "a reader is done", read)
	}
	for i := range got {
		if i%10 > 0 && got[i].Load() != rounds {
			t.Errorf("peer %d got %d of %d rounds", i, got[i].Load(), rounds)
		}
	}
}

package wsecho_test

import (
	"bufio"
	"context"
	"errors"
	"maps"
	"net"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/wsechotest"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// faultyHijack is a writer whose Hijack does something else.
type faultyHijack struct {
	http.ResponseWriter
	hijack func() error
}

func (w faultyHijack) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, w.hijack() }

// try makes a handshake of which nobody says how it ends. The conn is nil if it fails.
func try(t *testing.T, h http.Handler, header ...string) *websocket.Conn {
	return tryFor(t.Context(), t, h, header...)
}

func tryFor(ctx context.Context, t *testing.T, h http.Handler, header ...string) (conn *websocket.Conn) {
	opts := &websocket.DialOptions{Subprotocols: []string{wsecho.DefaultSubprotocol}, HTTPHeader: http.Header{}}
	for i := 0; i < len(header); i += 2 {
		opts.HTTPHeader.Set(header[i], header[i+1])
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn = wsechotest.Dial(lenient{t, ctx}, h, "/", opts)
	}()
	<-done
	return conn
}

// lenient is a test that a handshake may fail.
type lenient struct {
	*testing.T
	ctx context.Context
}

func (l lenient) Context() context.Context { return l.ctx }
func (lenient) Fatalf(string, ...any)      { runtime.Goexit() }

// A place is given back in every way out of the handshake and of the session, once.
func TestPlaceIsGivenBack(t *testing.T) {
	say := func(c *websocket.Conn, m string) { c.Write(context.Background(), text, []byte(m)) }
	type ended = map[string]uint64
	for name, c := range map[string]struct {
		do    func(t *testing.T, h *wsecho.Handler)
		ended ended // what Stats counts
	}{
		"refused for its origin": {func(t *testing.T, h *wsecho.Handler) { try(t, h, "Origin", "https://elsewhere.test") }, ended{}},
		"Hijack fails": {func(t *testing.T, h *wsecho.Handler) {
			try(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				h.ServeHTTP(opaque{w, errSecret}, r)
			}))
		}, ended{}},
		"Hijack panics": {func(t *testing.T, h *wsecho.Handler) {
			try(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				h.ServeHTTP(faultyHijack{w, func() error { panic(http.ErrAbortHandler) }}, r)
			}))
		}, ended{}},
		"nothing to hijack": {func(t *testing.T, h *wsecho.Handler) {
			try(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				h.ServeHTTP(struct{ http.ResponseWriter }{w}, r)
			}))
		}, ended{}},
		"ErrorHandler panics": {func(t *testing.T, h *wsecho.Handler) {
			h.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, err error) {
				he := err.(*wsecho.HandshakeError)
				if he.Check == "hijack" {
					panic(http.ErrAbortHandler)
				}
				w.WriteHeader(he.Status)
			}
			try(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				h.ServeHTTP(struct{ http.ResponseWriter }{w}, r)
			}))
		}, ended{}},
		"the client is gone during the handshake": {func(t *testing.T, h *wsecho.Handler) {
			tryFor(within(t, time.Second), t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				<-r.Context().Done()
				h.ServeHTTP(w, r)
			}))
		}, nil},
		"OnOpen fails":           {func(t *testing.T, h *wsecho.Handler) { try(t, h, "X-Open", "error") }, ended{"error": 1}},
		"OnOpen panics":          {func(t *testing.T, h *wsecho.Handler) { try(t, h, "X-Open", "panic") }, ended{"panic": 1}},
		"OnOpen ends":            {func(t *testing.T, h *wsecho.Handler) { try(t, h, "X-Open", "goexit") }, ended{"error": 1}},
		"OnMessage fails":        {func(t *testing.T, h *wsecho.Handler) { say(try(t, h), "error") }, ended{"error": 1}},
		"OnMessage panics":       {func(t *testing.T, h *wsecho.Handler) { say(try(t, h), "panic") }, ended{"panic": 1}},
		"OnMessage ends":         {func(t *testing.T, h *wsecho.Handler) { say(try(t, h), "goexit") }, ended{"error": 1}},
		"OnClose panics":         {func(t *testing.T, h *wsecho.Handler) { try(t, h, "X-Close", "panic").CloseNow() }, ended{"lost": 1}},
		"OnClose ends":           {func(t *testing.T, h *wsecho.Handler) { try(t, h, "X-Close", "goexit").CloseNow() }, ended{"lost": 1}},
		"the peer closes":        {func(t *testing.T, h *wsecho.Handler) { try(t, h).Close(1000, "") }, ended{"peer": 1}},
		"the peer vanishes":      {func(t *testing.T, h *wsecho.Handler) { try(t, h).CloseNow() }, ended{"lost": 1}},
		"the peer is silent":     {func(t *testing.T, h *wsecho.Handler) { try(t, h); time.Sleep(time.Minute) }, ended{"pong_timeout": 1}},
		"the peer reads nothing": {func(t *testing.T, h *wsecho.Handler) { say(try(t, h), "flood"); time.Sleep(time.Minute) }, ended{"write_timeout": 1}},
		"Session.Close": {func(t *testing.T, h *wsecho.Handler) {
			try(t, h)
			synctest.Wait()
			for s := range h.Sessions() {
				s.Close(4000, "")
			}
		}, ended{"closed": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &wsecho.Handler{MaxSessions: 1}
				h.OnOpen = func(s *wsecho.Session, r *http.Request) error {
					s.Data = r.Header.Get("X-Close")
					return misbehave(s, r.Header.Get("X-Open"))
				}
				h.OnMessage = func(_ context.Context, s *wsecho.Session, _ websocket.MessageType, p []byte) error {
					return misbehave(s, string(p))
				}
				h.OnClose = func(_ context.Context, s *wsecho.Session, _ error) { misbehave(s, s.Data.(string)) }
				c.do(t, h)
				time.Sleep(10 * time.Second) // CloseTimeout, twice
				if st := h.Stats(); st.Open != 0 || c.ended != nil && !maps.Equal(st.Ended, c.ended) {
					t.Errorf("%+v, want ended %v", st, c.ended)
				}
				wsechotest.Dial(t, h, "/", nil) // there is a place, and one only
				if res := wsechotest.Refused(t, h, "/", nil); res.StatusCode != 503 || res.Header.Get("Retry-After") == "" {
					t.Errorf("a second session: %s", res.Status)
				}
				// One that was lost, or given back twice, would keep Shutdown waiting, or end it early.
				if err := h.Shutdown(within(t, time.Minute)); err != nil || h.Stats().Open != 0 {
					t.Errorf("Shutdown: %v, then %+v", err, h.Stats())
				}
			})
		})
	}
}

func misbehave(s *wsecho.Session, how string) error {
	switch how {
	case "error":
		return errors.New(how)
	case "panic":
		panic(how)
	case "goexit":
		runtime.Goexit()
	case "flood":
		for s.TryWrite(text, make([]byte, 64<<10)) == nil {
		}
	}
	return nil
}

// Many handshakes at once never pass MaxSessions.
func TestCapacityIsAtomic(t *testing.T) {
	const most, tries = 5, 60
	e := serve(t, &wsecho.Handler{MaxSessions: most})
	var wg sync.WaitGroup
	var mu sync.Mutex
	got := map[int]int{}
	for range tries {
		wg.Go(func() {
			_, answer, _ := e.shake(t, peer.Request{})
			mu.Lock()
			got[answer.StatusCode]++
			mu.Unlock()
		})
	}
	wg.Wait()
	if want := map[int]int{101: most, 503: tries - most}; !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	// A client has its 101 before its session counts.
	await.Poll(t, "all that were admitted count", func() bool { return e.Stats().Opened >= most })
	if st := e.Stats(); st.Open != most || st.Opened != most || st.Refused["capacity"] != tries-most {
		t.Errorf("Stats() is %+v", st)
	}
}

func TestSessionsListsEachOnce(t *testing.T) {
	h := &wsecho.Handler{}
	e := serve(t, h)
	var peers []*peer.Peer
	for range 20 {
		peers = append(peers, e.open(t))
	}
	await.Poll(t, "all are listed", func() bool { return count(h) == 20 })
	t.Run("it may stop early", func(t *testing.T) {
		for range h.Sessions() {
			break
		}
	})
	t.Run("each at most once, those that open or end meanwhile may or may not appear, no lock is held", func(t *testing.T) {
		seen := map[*wsecho.Session]int{}
		for s := range h.Sessions() {
			if seen[s]++; seen[s] > 1 {
				t.Error("twice")
			}
			if len(seen) > 100 {
				t.Fatal("no end")
			}
			if len(seen) <= 10 { // one opens and one ends
				peers = append(peers, e.open(t))
				s.Close(4000, "")
				peers[0].Close()
			}
			if count(h) == 0 {
				t.Error("Sessions inside Sessions lists none")
			}
			h.Stats()
		}
		if len(seen) < 10 {
			t.Errorf("%d seen", len(seen))
		}
	})
	t.Run("Shutdown in its body", func(t *testing.T) {
		for range h.Sessions() {
			for _, p := range peers {
				p.Close()
			}
			if err := h.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if n := count(h); n != 0 {
			t.Errorf("%d after Shutdown", n)
		}
	})
}

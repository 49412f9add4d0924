package middleware

import (
	"bufio"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/go-chi/chi/v5"
	chimiddleware "github.com/go-chi/chi/v5/middleware"
)

// everyone is one client, whoever asks.
func everyone(*http.Request) string { return "everyone" }

func TestLimitPerClient(t *testing.T) {
	s := serve(t, LimitPerClient(2, func(r *http.Request) string { return r.URL.Query().Get("client") })(http.HandlerFunc(echo)))
	open := func(client string) (*websocket.Conn, *http.Response, error) {
		return dial(t, s.URL+"/?client="+client, nil, "echo-protocol")
	}
	var ann []*websocket.Conn
	for range 2 {
		c, _, err := open("ann")
		if err != nil {
			t.Fatal(err)
		}
		ann = append(ann, c)
	}
	_, resp, err := open("ann")
	if err == nil || resp.StatusCode != http.StatusTooManyRequests || resp.Header.Get("Retry-After") == "" {
		t.Fatalf("the third is answered %v, Retry-After %q; want 429", resp.Status, resp.Header.Get("Retry-After"))
	}
	if resp.Header.Get("Upgrade") != "" || resp.Header.Get("Sec-WebSocket-Accept") != "" {
		t.Errorf("the refusal shows traces of an upgrade: %v", resp.Header)
	}
	if _, _, err := open("bob"); err != nil {
		t.Errorf("another client: %v", err)
	}
	for range 4 {
		if _, _, err := open(""); err != nil {
			t.Errorf("a client without a key: %v", err)
		}
	}
	roundTrip(t, ann[0], "still served")
	ann[1].Close(websocket.StatusNormalClosure, "")
	eventually(t, "a closed connection frees its place", func() bool {
		_, _, err := open("ann")
		return err == nil
	})
	resp, err = s.Client().Get(s.URL + "/?client=ann")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusUpgradeRequired {
		t.Errorf("a request that is no handshake: %s; want 426 from the handler", resp.Status)
	}
}

// hijack upgrades by hand.
func hijack(w http.ResponseWriter) net.Conn {
	c, brw, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	brw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	brw.Flush()
	return c
}

// TestLimitPerClientFrees gives each handler the one place there is, ends the
// connection its way and wants the place back: once, so that a second connection is
// then admitted and a third is not.
func TestLimitPerClientFrees(t *testing.T) {
	for _, tt := range []struct {
		name string
		h    http.HandlerFunc
	}{
		{"refused by the handler", func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no", http.StatusForbidden) }},
		{"no answer at all", func(w http.ResponseWriter, r *http.Request) {}},
		{"panic before the upgrade", func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) }},
		{"panic after the upgrade", func(w http.ResponseWriter, r *http.Request) {
			defer hijack(w).Close()
			panic(http.ErrAbortHandler)
		}},
		{"panic with the connection in hand", func(w http.ResponseWriter, r *http.Request) {
			hijack(w)
			panic(http.ErrAbortHandler)
		}},
		{"closed twice", func(w http.ResponseWriter, r *http.Request) {
			c := hijack(w)
			c.Close()
			c.Close()
		}},
		{"closed after the handler", func(w http.ResponseWriter, r *http.Request) { go hijack(w).Close() }},
		{"the peer vanishes", func(w http.ResponseWriter, r *http.Request) {
			c := hijack(w)
			defer c.Close()
			io.Copy(io.Discard, c)
		}},
		{"hijacked a second time", func(w http.ResponseWriter, r *http.Request) {
			defer hijack(w).Close()
			if _, _, err := w.(http.Hijacker).Hijack(); err == nil {
				t.Error("a second Hijack succeeds")
			}
		}},
		{"detached", func(w http.ResponseWriter, r *http.Request) {
			conn, closed := hijack(w).(interface{ Detach() (net.Conn, func()) }).Detach()
			conn.Close()
			closed()
			closed()
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var first atomic.Bool
			first.Store(true)
			s := httptest.NewUnstartedServer(LimitPerClient(1, everyone)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if first.CompareAndSwap(true, false) {
					tt.h(w, r)
					return
				}
				echo(w, r)
			})))
			s.Config.ErrorLog = log.New(io.Discard, "", 0)
			s.Start()
			t.Cleanup(s.Close)

			c, err := net.Dial("tcp", s.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			io.WriteString(c, handshake("Connection: Upgrade\r\nUpgrade: websocket\r\n"))
			c.SetReadDeadline(time.Now().Add(10 * time.Second))
			c.Read(make([]byte, 1)) // an answer, or the end
			c.Close()
			var second *websocket.Conn
			eventually(t, "the place is free", func() bool {
				runtime.GC() // for the connection that nobody closes
				second, _, err = dial(t, s.URL, nil, "echo-protocol")
				return err == nil
			})
			if _, resp, err := dial(t, s.URL, nil, "echo-protocol"); err == nil || resp.StatusCode != http.StatusTooManyRequests {
				t.Errorf("there is a place for a third: %v", resp.Status)
			}
			roundTrip(t, second, "open")
		})
	}
}

// TestLimitPerClientUnderLoad opens and closes from many goroutines, each until it has
// been admitted so many times, and counts what the limiter lets through at once.
func TestLimitPerClientUnderLoad(t *testing.T) {
	const limit, goroutines, rounds = 7, 20, 25
	var open, most, admitted atomic.Int64
	s := serve(t, LimitPerClient(limit, everyone)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := open.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		admitted.Add(1)
		c := hijack(w)
		io.Copy(io.Discard, c)
		open.Add(-1) // before the place is given up
		c.Close()
	})))
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for in := 0; in < rounds; {
				c, err := net.Dial("tcp", s.Listener.Addr().String())
				if err != nil {
					t.Error(err)
					return
				}
				c.SetDeadline(time.Now().Add(10 * time.Second))
				io.WriteString(c, handshake("Connection: Upgrade\r\nUpgrade: websocket\r\n"))
				resp, err := http.ReadResponse(bufio.NewReader(c), nil)
				c.Close()
				switch {
				case err != nil || resp.StatusCode != http.StatusSwitchingProtocols && resp.StatusCode != http.StatusTooManyRequests:
					t.Errorf("answered %v, %v", resp, err)
					return
				case resp.StatusCode == http.StatusSwitchingProtocols:
					in++
				default:
					time.Sleep(time.Millisecond) // spare the machine's ports
				}
			}
		})
	}
	wg.Wait()
	if m := most.Load(); m > limit {
		t.Errorf("%d connections at once, the limit is %d", m, limit)
	}
	if n := admitted.Load(); n != goroutines*rounds {
		t.Errorf("%d admitted, %d of them to their clients' knowledge", n, goroutines*rounds)
	}
	eventually(t, "every connection is closed", func() bool { return open.Load() == 0 })
}

// TestLimitPerClientConn shows what a handler gets from Hijack.
func TestLimitPerClientConn(t *testing.T) {
	type detacher interface{ Detach() (net.Conn, func()) }
	got := make(chan net.Conn, 1)
	twice := func(next http.Handler) http.Handler {
		return LimitPerClient(9, everyone)(LimitPerClient(9, everyone)(next))
	}
	s := serve(t, twice(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
		}
		got <- c
	})))
	client, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	io.WriteString(client, handshake("Connection: Upgrade\r\nUpgrade: websocket\r\n"))
	c := <-got
	if _, ok := c.(interface{ CloseWrite() error }); !ok {
		t.Errorf("%T has lost CloseWrite", c)
	}
	for range 2 { // one for each limiter
		d, ok := c.(detacher)
		if !ok {
			t.Fatalf("%T has no Detach", c)
		}
		var closed func()
		c, closed = d.Detach()
		defer closed()
	}
	if _, ok := c.(*net.TCPConn); !ok {
		t.Errorf("what is left is a %T, not the socket itself", c)
	}
	runtime.GC() // what was detached is not taken for dropped
	c.Close()

	// A connection without CloseWrite does not seem to have one.
	a, b := net.Pipe()
	defer b.Close()
	pipe := newPlaceConn(a, func() {})
	defer pipe.Close()
	if _, ok := pipe.(interface{ CloseWrite() error }); ok {
		t.Error("a pipe has got a CloseWrite")
	}
}

func TestLimitPerClientDetachKeepsThePlace(t *testing.T) {
	left := make(chan struct{}, 1)
	func() {
		a, b := net.Pipe()
		defer a.Close()
		defer b.Close()
		newPlaceConn(a, func() { left <- struct{}{} }).(*placeConn).Detach()
	}()
	collected := make(chan struct{})
	runtime.AddCleanup(new([16]byte), func(ch chan struct{}) { close(ch) }, collected)
	eventually(t, "a garbage collection", func() bool {
		runtime.GC()
		select {
		case <-collected:
			return true
		default:
			return false
		}
	})
	runtime.GC()
	select {
	case <-left:
		t.Error("the wrapper's collection gave up the place of a connection that is detached")
	default:
	}
}

func TestClientAddress(t *testing.T) {
	for _, tt := range []struct {
		name, remote, header string // header: what chi's ClientIP middleware reads
		want                 string
	}{
		{"IPv4", "192.0.2.7:4711", "", "192.0.2.7"},
		{"IPv4 in IPv6", "[::ffff:192.0.2.7]:4711", "", "192.0.2.7"},
		{"IPv6", "[2001:db8:1:2:3:4:5:6]:4711", "", "2001:db8:1:2::/64"},
		{"IPv6 neighbour", "[2001:db8:1:2:ffff::1]:4711", "", "2001:db8:1:2::/64"},
		{"link-local", "[fe80::1%eth0]:4711", "", "fe80::/64"},
		{"no port, as after RealIP", "192.0.2.7", "", "192.0.2.7"},
		{"Unix socket", "@", "", "address @"},
		{"nothing", "", "", "address "},
		{"chi's ClientIP", "127.0.0.1:80", "198.51.100.9", "198.51.100.9"},
		{"chi's ClientIP, IPv6", "127.0.0.1:80", "2001:db8::1", "2001:db8::/64"},
		{"chi's ClientIP found none", "127.0.0.1:80", "nonsense", "127.0.0.1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got string
			h := chimiddleware.ClientIPFromHeader("X-Real-IP")(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				got = clientAddress(r)
			}))
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = tt.remote
			if tt.header != "" {
				r.Header.Set("X-Real-IP", tt.header)
			}
			h.ServeHTTP(httptest.NewRecorder(), r)
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestLimitPerClientInARouter uses the default key, with chi's ClientIP before it.
func TestLimitPerClientInARouter(t *testing.T) {
	rt := chi.NewRouter()
	rt.Use(chimiddleware.ClientIPFromHeader("X-Real-IP"))
	limited := rt.With(LimitPerClient(1, nil))
	limited.Get("/a", echo)
	limited.Get("/b", echo)
	s := serve(t, rt)
	for _, tt := range []struct {
		path, client string
		wantStatus   int
	}{
		{"/a", "192.0.2.1", 101},
		{"/b", "192.0.2.1", 429}, // one count for both routes
		{"/b", "192.0.2.2", 101},
		{"/a", "2001:db8::1", 101},
		{"/a", "2001:db8::2", 429}, // the same /64
		{"/a", "2001:db8:0:1::2", 101},
	} {
		_, resp, err := dial(t, s.URL+tt.path, http.Header{"X-Real-Ip": {tt.client}}, "echo-protocol")
		if resp == nil || resp.StatusCode != tt.wantStatus {
			t.Errorf("%s from %s: %v, %v; want %d", tt.path, tt.client, resp, err, tt.wantStatus)
		}
	}
}

func TestOpenPerClientForgets(t *testing.T) {
	c := &openPerClient{limit: 2, open: map[string]int{}}
	for range 2 {
		if !c.add("a") || !c.add("b") {
			t.Fatal("no place")
		}
	}
	if c.add("a") {
		t.Error("a place too many")
	}
	for range 2 {
		c.remove("a")
		c.remove("b")
	}
	if len(c.open) > 0 {
		t.Errorf("still there: %v", c.open)
	}
}

func TestLimitPerClientMisuse(t *testing.T) {
	for _, n := range []int{0, -1} {
		v := panicOf(func() { LimitPerClient(n, nil) })
		if s, _ := v.(string); !strings.Contains(s, "middleware.LimitPerClient") {
			t.Errorf("n = %d panics with %v, want a string that names the function", n, v)
		}
	}
}

// eventually waits until ok is true.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

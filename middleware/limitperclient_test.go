package middleware

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/go-chi/chi/v5"
	chimiddleware "github.com/go-chi/chi/v5/middleware"

	"example.com/wsecho/wsecho/wsechotest/await"
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
	await.Poll(t, "a closed connection frees its place", func() bool {
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
				c.SetDeadline(time.Now().Add(await.Patience))
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
	await.Poll(t, "every connection is closed", func() bool { return open.Load() == 0 })
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
		{"host name", "client.example:4711", "", "address client.example"},
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

func TestLimitPerClientMisuse(t *testing.T) {
	for _, n := range []int{0, -1} {
		v := panicOf(func() { LimitPerClient(n, nil) })
		if s, _ := v.(string); !strings.Contains(s, "middleware.LimitPerClient") {
			t.Errorf("n = %d panics with %v, want a string that names the function", n, v)
		}
	}
}

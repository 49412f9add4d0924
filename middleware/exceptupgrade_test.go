package middleware

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	chimiddleware "github.com/go-chi/chi/v5/middleware"

	"example.com/wsecho/wsecho/wsechotest/await"
)

func TestExceptUpgrade(t *testing.T) {
	mark := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Marked", "yes")
			next.ServeHTTP(w, r)
		})
	}
	s := serve(t, ExceptUpgrade(mark)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			echo(w, r)
		}
	})))
	for _, tt := range []struct {
		name, request string
		wantStatus    string
		wantMarked    bool
	}{
		{"plain GET", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", "200 OK", true},
		{"handshake", handshake("Connection: Upgrade\r\nUpgrade: websocket\r\n"), "101 Switching Protocols", false},
		{"letter case", handshake("connection: uPGRADE\r\nupgrade: WEBSOCKET\r\n"), "101 Switching Protocols", false},
		{"token order", handshake("Connection: Upgrade, keep-alive\r\nUpgrade: websocket\r\n"), "101 Switching Protocols", false},
		{"header lines", handshake("Connection: keep-alive\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"), "101 Switching Protocols", false},
		{"another upgrade", handshake("Connection: Upgrade\r\nUpgrade: h2c\r\n"), "426 Upgrade Required", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := net.Dial("tcp", s.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			c.SetDeadline(time.Now().Add(await.Patience))
			io.WriteString(c, tt.request)
			resp, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				t.Fatal(err)
			}
			if marked := resp.Header.Get("Marked") == "yes"; resp.Status != tt.wantStatus || marked != tt.wantMarked {
				t.Errorf("got %q, through the middleware: %v; want %q, %v", resp.Status, marked, tt.wantStatus, tt.wantMarked)
			}
		})
	}
}

// handshake is a request with everything but the headers that make it an upgrade.
func handshake(headers string) string {
	return "GET / HTTP/1.1\r\nHost: h\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n" + headers + "\r\n"
}

// TestExceptUpgradeAround keeps a session open for longer than what it is kept
// away from allows a request, and shows that this still holds for requests.
func TestExceptUpgradeAround(t *testing.T) {
	const limit = 50 * time.Millisecond
	for _, tt := range []struct {
		name       string
		mw         func(http.Handler) http.Handler
		wantStatus int    // of a GET that takes longer than it may
		wantCoding string // its Content-Encoding
	}{
		{"http.TimeoutHandler", func(next http.Handler) http.Handler {
			return http.TimeoutHandler(next, limit, "")
		}, http.StatusServiceUnavailable, ""},
		{"chi Timeout", chimiddleware.Timeout(limit), http.StatusGatewayTimeout, ""},
		{"chi Compress", chimiddleware.Compress(5), http.StatusOK, "gzip"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			answered := make(chan struct{})
			defer close(answered)
			rt := chi.NewRouter()
			rt.Use(ExceptUpgrade(tt.mw))
			rt.Get("/ws", echo)
			rt.Get("/slow", func(w http.ResponseWriter, r *http.Request) {
				if _, limited := r.Context().Deadline(); limited {
					<-r.Context().Done() // a handler that takes longer than it may
					if tt.wantStatus == http.StatusServiceUnavailable {
						<-answered // TimeoutHandler takes the answer of one that has returned before it looks
					}
					return
				}
				w.Header().Set("Content-Type", "text/plain")
				io.WriteString(w, strings.Repeat("slow ", 1000))
			})
			s := serve(t, rt)
			c, _, err := dial(t, s.URL+"/ws", nil, "echo-protocol")
			if err != nil {
				t.Fatal(err)
			}
			roundTrip(t, c, "first")
			req, _ := http.NewRequestWithContext(await.Within(t), http.MethodGet, s.URL+"/slow", nil)
			req.Header.Set("Accept-Encoding", "gzip")
			resp, err := s.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if coding := resp.Header.Get("Content-Encoding"); resp.StatusCode != tt.wantStatus || coding != tt.wantCoding {
				t.Errorf("slow GET: %s, Content-Encoding %q; want %d, %q", resp.Status, coding, tt.wantStatus, tt.wantCoding)
			}
			roundTrip(t, c, "after the time limit")
		})
	}
}

// TestExceptUpgradeEveryHandshake: what is kept away from a WebSocket is, however the
// handshake is spelled and whichever way it comes.
func TestExceptUpgradeEveryHandshake(t *testing.T) {
	const limit = 50 * time.Millisecond
	for name, mw := range map[string]func(http.Handler) http.Handler{
		"http.TimeoutHandler": func(next http.Handler) http.Handler { return http.TimeoutHandler(next, limit, "") },
		"chi Timeout":         chimiddleware.Timeout(limit),
		"chi Compress":        chimiddleware.Compress(5),
	} {
		var upgrades atomic.Int32
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, limited := r.Context().Deadline()
			_, compresses := w.(interface {
				Push(string, *http.PushOptions) error
			}) // chi's
			if limited || compresses && name == "chi Compress" {
				t.Errorf("%s gets to %v", name, r.Header)
			}
			upgrades.Add(1)
			echo(w, r)
		})
		router := func(mws ...func(http.Handler) http.Handler) http.Handler {
			rt := chi.NewRouter()
			rt.Use(mws...)
			rt.Get("/", h)
			return rt
		}
		s := serve(t, router(ExceptUpgrade(mw)))
		handshakes := []string{}
		for _, connection := range []string{
			"Connection: Upgrade", "connection: upgrade", "CONNECTION: UPGRADE", "Connection: uPgRaDe",
			"Connection: keep-alive, Upgrade", "Connection: Upgrade, keep-alive", "Connection:upgrade,keep-alive",
			"Connection: a,\tUPGRADE\t,b", "Connection: keep-alive\r\nConnection: Upgrade",
		} {
			for _, upgrade := range []string{"Upgrade: websocket", "upgrade: WebSocket", "Upgrade: h2c, WEBSOCKET"} {
				handshakes = append(handshakes, connection+"\r\n"+upgrade+"\r\n")
			}
		}
		conns := make([]net.Conn, len(handshakes))
		for i, headers := range handshakes {
			c, err := net.Dial("tcp", s.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			c.SetDeadline(time.Now().Add(await.Patience))
			io.WriteString(c, handshake("Accept-Encoding: gzip\r\n"+headers))
			conns[i] = c
		}
		h2s := []*h2{
			serveH2(t, router(ExtendedConnect, ExceptUpgrade(mw))),
			serveH2(t, router(ExceptUpgrade(mw), ExtendedConnect)),
		}
		for _, c := range h2s {
			c.connect(1, "/", "accept-encoding", "gzip")
			c.wantStatus(1, 200)
		}
		time.Sleep(2 * limit)
		for i, c := range conns {
			c.Write(text("after the limit"))
			r := bufio.NewReader(c)
			resp, err := http.ReadResponse(r, nil)
			if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
				t.Errorf("%s: %q is answered %v, %v", name, handshakes[i], resp, err)
				continue
			}
			echoed := make([]byte, 2+len("after the limit"))
			if _, err := io.ReadFull(r, echoed); err != nil || string(echoed[2:]) != "after the limit" {
				t.Errorf("%s: after %q it echoes %q, %v", name, handshakes[i], echoed, err)
			}
		}
		for _, c := range h2s {
			c.write(h2Data, 0, 1, text("after the limit"))
			if _, _, p := c.read(1); string(p) != "\x81\x0fafter the limit" {
				t.Errorf("%s over HTTP/2: got %q", name, p)
			}
		}
		if n := int(upgrades.Load()); n != len(handshakes)+len(h2s) {
			t.Errorf("%s: %d handshakes, the handler saw %d", name, len(handshakes)+len(h2s), n)
		}
	}
}

func TestExceptUpgradeNil(t *testing.T) {
	v := panicOf(func() { ExceptUpgrade(nil) })
	if s, _ := v.(string); !strings.Contains(s, "middleware.ExceptUpgrade") {
		t.Errorf("ExceptUpgrade(nil) panics with %v, want a string that names it", v)
	}
}

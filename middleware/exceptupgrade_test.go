package middleware

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	chimiddleware "github.com/go-chi/chi/v5/middleware"
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
			c.SetDeadline(time.Now().Add(10 * time.Second))
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
			req, _ := http.NewRequestWithContext(within(t), http.MethodGet, s.URL+"/slow", nil)
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

func TestExceptUpgradeNil(t *testing.T) {
	v := panicOf(func() { ExceptUpgrade(nil) })
	if s, _ := v.(string); !strings.Contains(s, "middleware.ExceptUpgrade") {
		t.Errorf("ExceptUpgrade(nil) panics with %v, want a string that names it", v)
	}
}

package browsertest

import (
	"io"
	"log"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"

	"example.com/wsecho/middleware"
	_ "example.com/wsecho/middleware/xconnect"
	"example.com/wsecho/wsecho"
)

// lastWords are what a page must see of the socket at each path of a talker.
var lastWords = map[string]saw{
	"refused": {Opened: true, Code: 4401, Reason: "no token", Clean: true},
	"told":    {Opened: true, Messages: []string{"not you"}, Code: 4403, Reason: "not you", Clean: true},
	"pushed":  {Opened: true, Messages: slices.Repeat([]string{"65536"}, 16), Code: 1000, Reason: "that was all", Clean: true},
}

// opened are the hooks that say so: OnOpen of each path.
var opened = map[string]func(s *wsecho.Session, r *http.Request) error{
	"refused": func(*wsecho.Session, *http.Request) error {
		return websocket.CloseError{Code: 4401, Reason: "no token"}
	},
	"told": func(s *wsecho.Session, r *http.Request) error {
		if err := s.Write(r.Context(), websocket.MessageText, []byte("not you")); err != nil {
			return err
		}
		return websocket.CloseError{Code: 4403, Reason: "not you"}
	},
	"pushed": func(s *wsecho.Session, r *http.Request) error {
		for range 16 {
			if err := s.Write(r.Context(), websocket.MessageText, []byte(strings.Repeat("x", 64<<10))); err != nil {
				return err
			}
		}
		return websocket.CloseError{Code: websocket.StatusNormalClosure, Reason: "that was all"}
	},
}

// A talker serves an empty page, and sockets that close when they have said what they have to say.
type talker struct {
	url string

	mu       sync.Mutex
	versions map[string]int
}

// startTalker serves HTTP/1.1, or HTTP/2 over TLS, until the test ends.
func startTalker(t *testing.T, h2 bool) *talker {
	s := &talker{versions: map[string]int{}}
	mux := http.NewServeMux()
	for path, open := range opened {
		h := &wsecho.Handler{OnOpen: open, Logger: slog.New(slog.DiscardHandler)}
		mux.HandleFunc("/"+path, func(w http.ResponseWriter, r *http.Request) {
			s.mu.Lock()
			s.versions[r.Proto]++
			s.mu.Unlock()
			h.ServeHTTP(w, r)
		})
		t.Cleanup(func() { h.Close() })
	}
	s.url = servePage(t, mux, h2) + "/"
	return s
}

// servePage serves mux's sockets beside an empty page, over HTTP/1.1 or over HTTP/2 with TLS, until the test ends, and
// returns its URL.
func servePage(t *testing.T, mux *http.ServeMux, h2 bool) string {
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "<!doctype html><link rel=icon href=data:,>")
	})
	srv := httptest.NewUnstartedServer(middleware.ExtendedConnect(mux))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // browsers go without a word
	if srv.EnableHTTP2 = h2; h2 {
		srv.StartTLS()
	} else {
		srv.Start()
	}
	t.Cleanup(srv.CloseClientConnections)
	return srv.URL
}

// carried is how many sockets came over each version of HTTP.
func (s *talker) carried() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.versions)
}

package main

import (
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"
	"unsafe"
	"weak"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho/wsechotest/await"
)

// A session keeps nothing of the request that it began with, whatever the access log has noted of it.
func TestSessionLetsGoOfItsRequest(t *testing.T) {
	for _, path := range []string{"/ws", "/rooms/lobby"} {
		var token weak.Pointer[byte]
		url := serveBehind(t, newService(options{}), func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				token = weak.Make(unsafe.StringData(r.Header.Get("X-Token")))
				next.ServeHTTP(w, r)
			})
		})
		c, _, err := websocket.Dial(await.Within(t), url+path, &websocket.DialOptions{
			HTTPHeader:   http.Header{"X-Token": {strings.Repeat("x", 14<<10)}},
			Subprotocols: spoken,
		})
		if err != nil {
			t.Fatal(err)
		}
		write(t, c, "hello")
		read(t, c)
		for deadline := time.Now().Add(await.Patience); token.Value() != nil; runtime.GC() {
			if time.Now().After(deadline) {
				t.Fatalf("%s: the session keeps the request's headers", path)
			}
		}
		c.CloseNow()
	}
}

// lines takes what a log writes: a line at a time, from the goroutines of many requests.
type lines chan string

func (l lines) Write(p []byte) (int, error) {
	l <- string(p)
	return len(p), nil
}

// The log says of a handshake what chi's own does.
func TestAccessLog(t *testing.T) {
	said := make(lines, 2)
	s := newService(options{})
	srv := httptest.NewServer(accessLog(said)(s.echo))
	defer srv.Close()
	defer s.echo.Close()
	says := func(want ...string) {
		line := await.Value(t, "the log's line", said)
		for _, w := range want {
			if !strings.Contains(line, w) {
				t.Errorf("the log says %q, without %q", line, w)
			}
		}
	}
	dial(t, srv.URL).CloseNow()
	says(`/ HTTP/1.1" from 127.0.0.1:`, " - ", "101") // it may come after the client has its 101: the handler returns then
	get(t, srv.URL+"/nothing")
	says(`/nothing HTTP/1.1" from 127.0.0.1:`, "426")
}

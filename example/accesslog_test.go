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

// The log says of a handshake what chi's own does.
func TestAccessLog(t *testing.T) {
	var said strings.Builder
	s := newService(options{})
	srv := httptest.NewServer(accessLog(&said)(s.echo))
	dial(t, srv.URL).CloseNow()
	get(t, srv.URL+"/nothing")
	srv.Close() // once the log is written
	s.echo.Close()
	for _, want := range []string{`/ HTTP/1.1" from 127.0.0.1:`, " - ", "101", `/nothing HTTP/1.1" from 127.0.0.1:`, "426"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("%q is not in the log:\n%s", want, &said)
		}
	}
}

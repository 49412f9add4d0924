package middleware_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/middleware"
	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/wsechotest"
)

// Everything but a refusal passes untouched.
func TestCloseRefusedPasses(t *testing.T) {
	echo := wsechotest.Dial(t, middleware.CloseRefused(&wsecho.Handler{}), "/", nil)
	echo.Write(t.Context(), websocket.MessageText, []byte("hello"))
	if got := wsechotest.ReadWithin(t, echo, time.Minute); got != "hello" {
		t.Errorf("%q", got)
	}
	for name, answer := range map[string]http.HandlerFunc{
		"302": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) },
		"200": func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "hello")
			w.WriteHeader(http.StatusInternalServerError)
		},
		"204": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusNoContent)
			w.WriteHeader(http.StatusInternalServerError)
		},
		"600": func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(600) },
		"200 flushed": func(w http.ResponseWriter, r *http.Request) {
			w.(http.Flusher).Flush()
			w.WriteHeader(http.StatusInternalServerError)
		},
	} {
		if res := wsechotest.Refused(t, middleware.CloseRefused(answer), "/", nil); fmt.Sprint(res.StatusCode) != name[:3] {
			t.Errorf("%s: %s", name, res.Status)
		}
	}
	hijacked := func(w http.ResponseWriter, r *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		io.WriteString(c, "HTTP/1.1 418 by hand\r\nContent-Length: 0\r\n\r\n")
		c.Close()
		w.WriteHeader(http.StatusInternalServerError) // too late: nothing of it may be told
	}
	if res := wsechotest.Refused(t, middleware.CloseRefused(http.HandlerFunc(hijacked)), "/", nil); res.StatusCode != http.StatusTeapot {
		t.Error(res.Status)
	}
}

// A panic of next is nobody's refusal, also after one.
func TestCloseRefusedPanic(t *testing.T) {
	for _, before := range []func(http.ResponseWriter){func(http.ResponseWriter) {}, func(w http.ResponseWriter) { w.WriteHeader(http.StatusInternalServerError) }} {
		h := middleware.CloseRefused(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { before(w); panic("mine") }))
		func() {
			defer func() {
				if v := recover(); v != "mine" {
					t.Errorf("panic %v", v)
				}
			}()
			h.ServeHTTP(hijackable{httptest.NewRecorder()}, handshake())
		}()
	}
}

// hijackable says that it can be hijacked.
type hijackable struct{ *httptest.ResponseRecorder }

// Hijack fails.
func (hijackable) Hijack() (c net.Conn, _ *bufio.ReadWriter, err error) {
	return nil, nil, errors.ErrUnsupported
}

// handshake is a valid one.
func handshake() *http.Request {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header = http.Header{
		"Connection": {"keep-alive, Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"},
		"Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="},
	}
	return r
}

// What is no valid handshake is never upgraded: it gets its answer as it is.
func TestCloseRefusedNotAHandshake(t *testing.T) {
	h := middleware.CloseRefused(http.NotFoundHandler())
	set := func(name, value string) func(r *http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for name, change := range map[string]func(r *http.Request){
		"an ordinary request":  func(r *http.Request) { r.Header = http.Header{} },
		"a POST":               func(r *http.Request) { r.Method = "POST" },
		"HTTP/1.0":             func(r *http.Request) { r.ProtoMinor = 0 },
		"HTTP/2":               func(r *http.Request) { r.ProtoMajor, r.ProtoMinor = 2, 0 },
		"a body":               func(r *http.Request) { r.ContentLength = 5 },
		"a body of any length": func(r *http.Request) { r.ContentLength, r.TransferEncoding = -1, []string{"chunked"} },
		"Expect":               set("Expect", "100-continue"),
		"no Connection":        set("Connection", "close"),
		"another Upgrade":      set("Upgrade", "h2c"),
		"a long s":             set("Upgrade", "web\u017focket"),
		"an old version":       set("Sec-WebSocket-Version", "8"),
		"two versions":         func(r *http.Request) { r.Header.Add("Sec-WebSocket-Version", "13") },
		"no key":               func(r *http.Request) { r.Header.Del("Sec-WebSocket-Key") },
		"two keys":             func(r *http.Request) { r.Header.Add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==") },
		"a short key":          set("Sec-WebSocket-Key", "c2hvcnQ="),
		"no base64":            set("Sec-WebSocket-Key", "!"),
		"an impossible offer":  set("Sec-WebSocket-Protocol", "a b"),
		"an offer in UTF-8":    set("Sec-WebSocket-Protocol", "é"),
	} {
		r, w := handshake(), httptest.NewRecorder()
		change(r)
		h.ServeHTTP(hijackable{w}, r)
		if w.Code != http.StatusNotFound || w.Body.String() != "404 page not found\n" {
			t.Errorf("%s: %d %q", name, w.Code, w.Body)
		}
	}
	w := httptest.NewRecorder() // cannot be hijacked
	h.ServeHTTP(w, handshake())
	if w.Code != http.StatusNotFound {
		t.Errorf("no hijack: %d", w.Code)
	}
}

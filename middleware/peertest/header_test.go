package peertest

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	chimiddleware "github.com/go-chi/chi/v5/middleware"
	"golang.org/x/net/http2"

	"example.com/wsecho/middleware"
)

// TestContentOutside: what middleware outside says of a response's content is not said of the
// WebSocket, nor done to it.
func TestContentOutside(t *testing.T) {
	preset := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "2")
			next.ServeHTTP(w, r)
		})
	}
	for what, mw := range map[string]func(http.Handler) http.Handler{
		"to be encoded":   chimiddleware.Compress(5),
		"encoded already": chimiddleware.SetHeader("Content-Encoding", "gzip"),
	} {
		for name, h := range handlers(t) {
			t.Run(what+"/"+name, func(t *testing.T) {
				s := overHTTP2.serve(t, preset(mw(middleware.ExtendedConnect(h))), nil)
				f := overHTTP2.frames(t, s)
				head := f.connect(1, "/", "sec-websocket-protocol", "echo-protocol", "accept-encoding", "gzip")
				if head.PseudoValue("status") != "200" {
					t.Fatalf("answered %v", head.Fields)
				}
				for _, name := range []string{"content-type", "content-encoding", "content-length"} {
					if v := value(head, name); v != "" {
						t.Errorf("the WebSocket has a %s: %s", name, v)
					}
				}
				f.wantEcho(1, "hi")
				f.send(1, 8, "\x03\xe8")
				if got := string(f.data(1).Data()); got != "\x88\x02\x03\xe8" {
					t.Fatalf("got %q, want the close frame", got)
				}
				f.wantEnd(1) // and nothing before it
			})
		}
	}
}

// TestContentLengthOfAPage: the page is not sent, nor its length with the 501 in its place.
func TestContentLengthOfAPage(t *testing.T) {
	s := overHTTP2.serve(t, middleware.ExtendedConnect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "6")
		io.WriteString(w, "a page")
	})), nil)
	f := overHTTP2.frames(t, s)
	head := f.connect(1, "/")
	if status, length := head.PseudoValue("status"), value(head, "content-length"); status != "501" || length == "6" {
		t.Errorf("answered %s with %s bytes to come", status, length)
	}
}

// informed wants a 103 with its Link and nothing that HTTP/2 forbids, and returns what comes after it.
func informed(t *testing.T, f *framer) *http2.MetaHeadersFrame {
	t.Helper()
	hints := f.connect(1, "/", "sec-websocket-protocol", "echo-protocol")
	if hints.PseudoValue("status") != "103" || value(hints, "link") == "" {
		t.Fatalf("got %v, want a 103 with its Link", hints.Fields)
	}
	wantWellFormed(t, hints)
	head := f.header(1)
	wantWellFormed(t, head)
	return head
}

// setUpgrade sets what belongs to an upgrade over HTTP/1.1.
func setUpgrade(h http.Header, connection string) {
	for _, name := range []string{"Upgrade", "Keep-Alive", "Sec-WebSocket-Accept", "Proxy-Connection", "Transfer-Encoding"} {
		h.Set(name, "x")
	}
	h.Set("Connection", connection)
}

// TestInformational: a 103 has no header of an upgrade, which the handler's own answer may yet want.
func TestInformational(t *testing.T) {
	s := overHTTP2.serve(t, middleware.ExtendedConnect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		setUpgrade(w.Header(), "close")
		w.Header().Set("Link", "</style.css>; rel=preload")
		before := len(w.Header())
		w.WriteHeader(http.StatusEarlyHints)
		if after := w.Header(); len(after) != before || after.Get("Upgrade") != "x" {
			t.Errorf("after the 103 the header is %v", after)
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	})), nil)
	f := overHTTP2.frames(t, s)
	if status := informed(t, f).PseudoValue("status"); status != "503" {
		t.Errorf("after the hints: %s", status)
	}
}

// TestInformationalThroughAProxy: a ReverseProxy passes on whatever its backend puts into a 103.
func TestInformationalThroughAProxy(t *testing.T) {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "websocket")
		w.Header().Set("Keep-Alive", "timeout=5")
		w.WriteHeader(http.StatusEarlyHints)
		clear(w.Header())
		coderEcho(w, r)
	}))
	t.Cleanup(backend.Close)
	u, err := url.Parse(backend.URL)
	if err != nil {
		t.Fatal(err)
	}
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(p *httputil.ProxyRequest) { p.SetURL(u) },
		Transport: tr,
		ErrorLog:  log.New(io.Discard, "", 0), // the peer vanishes
	}
	f := overHTTP2.frames(t, overHTTP2.serve(t, middleware.ExtendedConnect(proxy), nil))
	if head := informed(t, f); head.PseudoValue("status") != "200" {
		t.Fatalf("after the hints: %v", head.Fields)
	}
	f.wantEcho(1, strings.Repeat("x", 100))
}

// TestRawHeadIsTheWhole: who writes a head without the ResponseWriter does not get what was set there.
func TestRawHeadIsTheWhole(t *testing.T) {
	s := overHTTP2.serve(t, middleware.ExtendedConnect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Not-In-The-Head", "but set by a middleware")
		c, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nIn-The-Head: yes\r\n\r\n")
	})), nil)
	head := overHTTP2.frames(t, s).connect(1, "/")
	if value(head, "in-the-head") != "yes" || value(head, "not-in-the-head") != "" {
		t.Errorf("got %v", head.Fields)
	}
}

package wsecho_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
)

// watch keeps what ErrorHandler gets, and then answers as the default does.
func (e *endpoint) watch() {
	e.ErrorHandler = func(w http.ResponseWriter, r *http.Request, err error) {
		e.mu.Lock()
		defer e.mu.Unlock()
		he := err.(*wsecho.HandshakeError)
		e.refused = append(e.refused, wsecho.HandshakeError{Status: he.Status, Check: he.Check})
		e.set = append(e.set, w.Header().Clone())
		http.Error(w, "refused", he.Status)
	}
}

// last is what ErrorHandler got last, the headers that were set by then, and how often it ran.
func (e *endpoint) last() (wsecho.HandshakeError, http.Header, int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := len(e.refused)
	if n == 0 {
		return wsecho.HandshakeError{}, nil, 0
	}
	return e.refused[n-1], e.set[n-1], n
}

// fault is one row of design section 2: what makes a handshake fail it, alone or with others.
type fault struct {
	check   string
	status  int
	headers map[string]string // "*": any value
	request func(*peer.Request)
	writer  func(http.ResponseWriter) http.ResponseWriter
	handler func(t *testing.T, e *endpoint)
}

var faults = []fault{
	{check: "shutdown", status: 503, headers: map[string]string{"Retry-After": "*", "Connection": "close"},
		handler: func(t *testing.T, e *endpoint) { go e.Shutdown(t.Context()); untilShut(t, e) }},
	{check: "upgrade", status: 426, headers: map[string]string{"Upgrade": "websocket", "Connection": "Upgrade"},
		request: func(r *peer.Request) { *r = r.With("Upgrade") }},
	{check: "method", status: 405, headers: map[string]string{"Allow": "GET"},
		request: func(r *peer.Request) { r.Method = "POST" }},
	{check: "version", status: 426, headers: map[string]string{"Sec-WebSocket-Version": "13"},
		request: func(r *peer.Request) { *r = r.With("Sec-WebSocket-Version: 8") }},
	{check: "key", status: 400, request: func(r *peer.Request) { *r = r.With("Sec-WebSocket-Key") }},
	{check: "origin", status: 403, request: func(r *peer.Request) { *r = r.With("Origin: https://evil.test") }},
	{check: "subprotocol", status: 400, request: func(r *peer.Request) { *r = r.With("Sec-WebSocket-Protocol: other") }},
	{check: "capacity", status: 503, headers: map[string]string{"Retry-After": "*"},
		handler: func(t *testing.T, e *endpoint) { e.open(t, "X-Plain: yes") }},
	{check: "hijack", status: 501, writer: func(w http.ResponseWriter) http.ResponseWriter { return noHijack{w} }},
}

// noHijack hides what the writer can do besides writing, as a careless middleware does.
type noHijack struct{ http.ResponseWriter }

// refusal is an endpoint at which the faults happen at once.
func refusal(t *testing.T, watched bool, fs ...fault) (*endpoint, peer.Request) {
	h := &wsecho.Handler{MaxSessions: 1}
	r := peer.Request{}
	e := serve(t, h, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for _, f := range fs {
				if f.writer != nil && r.Header.Get("X-Plain") == "" {
					w = f.writer(w)
				}
			}
			next.ServeHTTP(w, r)
		})
	})
	if watched {
		e.watch()
	}
	for _, f := range slices.Backward(fs) { // the shutdown last: the session that fills the handler comes before it
		if f.request != nil {
			f.request(&r)
		}
		if f.handler != nil {
			f.handler(t, e)
		}
	}
	return e, r
}

func TestRefused(t *testing.T) {
	for i, f := range faults {
		t.Run(f.check, func(t *testing.T) {
			e, r := refusal(t, true, f)
			before := e.Stats().Refused[f.check]
			p, answer, _ := e.shake(t, r)
			if p != nil {
				t.Fatal("the handshake succeeded")
			}
			checkRefusal(t, e, answer, f)
			if got := e.Stats().Refused[f.check] - before; got != 1 {
				t.Errorf("Stats().Refused[%q] grew by %d", f.check, got)
			}
			if f.check == "hijack" && !e.log.Has("wsecho_test.noHijack") {
				t.Errorf("the log does not name the writer's type:\n%s", e.log)
			}
			_, set, _ := e.last()
			for name, want := range f.headers {
				if got := set.Get(name); got == "" || want != "*" && got != want {
					t.Errorf("%s was %q when ErrorHandler ran, want %q", name, got, want)
				}
			}
		})
		t.Run(f.check+" by default", func(t *testing.T) {
			e, r := refusal(t, false, f)
			_, answer, body := e.shake(t, r)
			if answer.StatusCode != f.status {
				t.Errorf("status %d, want %d", answer.StatusCode, f.status)
			}
			if line := strings.TrimSuffix(body, "\n"); line == "" || strings.Contains(line, "\n") {
				t.Errorf("the body is not one line: %q", body)
			}
		})
		for _, later := range faults[i+1:] {
			t.Run(f.check+" before "+later.check, func(t *testing.T) {
				e, r := refusal(t, true, f, later)
				p, answer, _ := e.shake(t, r)
				if p != nil {
					t.Fatal("the handshake succeeded")
				}
				checkRefusal(t, e, answer, f)
			})
		}
	}
	t.Run("all at once", func(t *testing.T) {
		e, r := refusal(t, true, faults...)
		_, answer, _ := e.shake(t, r)
		checkRefusal(t, e, answer, faults[0])
	})
}

func checkRefusal(t *testing.T, e *endpoint, answer *http.Response, f fault) {
	t.Helper()
	if answer.StatusCode != f.status {
		t.Errorf("status %d, want %d", answer.StatusCode, f.status)
	}
	for _, name := range []string{"Upgrade", "Connection", "Allow", "Retry-After", "Sec-WebSocket-Accept", "Sec-WebSocket-Version", "Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"} {
		want, got := f.headers[name], answer.Header.Get(name)
		if name == "Connection" && answer.Close { // ReadResponse takes it out
			got = "close"
		}
		if name == "Connection" && want == "" && got == "close" {
			continue // net/http's own, after a body that it did not read
		}
		if want == "*" && got != "" {
			continue
		}
		if got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if he, _, _ := e.last(); he.Status != f.status || he.Check != f.check {
		t.Errorf("ErrorHandler got %d %q, want %d %q", he.Status, he.Check, f.status, f.check)
	}
}

// Every way to fail a check, beyond the one that TestRefused pairs with the others.
func TestRefusedFor(t *testing.T) {
	get := func(lines ...string) peer.Request { return peer.Request{Lines: lines} }
	for _, c := range []struct {
		name, check string
		r           peer.Request
	}{
		{"no Connection", "upgrade", get("Connection")},
		{"Connection without Upgrade", "upgrade", get("Connection: keep-alive")},
		{"another protocol", "upgrade", get("Upgrade: h2c")},
		{"a protocol that only looks like it", "upgrade", get("Upgrade: web\u017focket")},
		{"a space that is none in HTTP", "upgrade", get("Upgrade: \u00a0websocket")},
		{"a plain request", "upgrade", get("Connection", "Upgrade", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Protocol")},
		{"HTTP/1.0", "upgrade", peer.Request{Proto: "HTTP/1.0"}},
		{"HEAD", "method", peer.Request{Method: "HEAD"}},
		{"get in lower case", "method", peer.Request{Method: "get"}},
		{"CONNECT-like PUT", "method", peer.Request{Method: "PUT"}},
		{"no version", "version", get("Sec-WebSocket-Version")},
		{"version 14", "version", get("Sec-WebSocket-Version: 14")},
		{"a list of versions", "version", get("Sec-WebSocket-Version: 13, 8")},
		{"no number", "version", get("Sec-WebSocket-Version: x")},
		{"key repeated", "key", get("Sec-WebSocket-Key: "+peer.Key, "Sec-WebSocket-Key: "+peer.Key)},
		{"key empty", "key", get("Sec-WebSocket-Key: ")},
		{"key of 15 bytes", "key", get("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAA")},
		{"key of 17 bytes", "key", get("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAA=")},
		{"key without padding", "key", get("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ")},
		{"key of another alphabet", "key", get("Sec-WebSocket-Key: __hlIHNhbXBsZSBub25jZQ==")},
		{"key not base64", "key", get("Sec-WebSocket-Key: ????????????????????????")},
		{"no subprotocol", "subprotocol", get("Sec-WebSocket-Protocol")},
		{"an empty subprotocol", "subprotocol", get("Sec-WebSocket-Protocol: ")},
		{"another case", "subprotocol", get("Sec-WebSocket-Protocol: Echo-Protocol")},
		{"a part of the name", "subprotocol", get("Sec-WebSocket-Protocol: echo")},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := serve(t, &wsecho.Handler{})
			e.watch()
			p, _, _ := e.shake(t, c.r)
			if he, _, n := e.last(); p != nil || n != 1 || he.Check != c.check {
				t.Errorf("ErrorHandler ran %d times, last for %q, want %q", n, he.Check, c.check)
			}
			if got := e.Stats(); got.Opened != 0 || got.Open != 0 {
				t.Errorf("Stats() counts a session: %+v", got)
			}
		})
	}
}

// What clients and proxies really send, and must not be refused for.
func TestAdmitted(t *testing.T) {
	for name, lines := range map[string][]string{
		"tokens in any case, in lists": {"connection: keep-alive, UPGRADE", "upgrade: foo/1, WebSocket"},
		"two Connection lines":         {"Connection: keep-alive", "Connection: Upgrade"},
		"spaces around the key":        {"Sec-WebSocket-Key:   " + peer.Key + "  "},
		"other extensions":             {"Sec-WebSocket-Extensions: x-made-up; a=1"},
		"compression, not allowed":     {"Sec-WebSocket-Extensions: " + peer.Offer},
	} {
		t.Run(name, func(t *testing.T) {
			e := serve(t, &wsecho.Handler{})
			c, err := net.Dial("tcp", e.srv.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			// The first frames travel with the request: net/http has read them ahead.
			c.Write(peer.Join(peer.Request{Lines: lines}.Bytes(), peer.Text("early"), peer.Close(1000, "")))
			p, answer, err := peer.Handshake(nop{c}, peer.Request{})
			if err != nil || answer.StatusCode != 101 {
				t.Fatal(answer, err)
			}
			for name, want := range map[string]string{"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": peer.Accept,
				"Sec-WebSocket-Protocol": "echo-protocol", "Sec-WebSocket-Extensions": ""} {
				if got := strings.Join(answer.Header.Values(name), "|"); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			if got := p.Rest(); !slices.Equal(got, []string{"text:early", "close:1000", "eof"}) {
				t.Errorf("the peer saw %q", got)
			}
			if got := e.Stats(); got.Opened != 1 || total(got.Refused) != 0 {
				t.Errorf("Stats() is %+v", got)
			}
		})
	}
}

// nop is a connection that sends nothing.
type nop struct{ net.Conn }

func (nop) Write(p []byte) (int, error) { return len(p), nil }

func TestSubprotocolSelection(t *testing.T) {
	for _, c := range []struct {
		name    string
		spoken  []string
		offered []string // header lines
		want    string   // "refused", or what is selected
	}{
		{"the default", nil, []string{"echo-protocol"}, "echo-protocol"},
		{"the server's order decides", []string{"v2", "v1"}, []string{"v1, v2"}, "v2"},
		{"all header lines are read", []string{"v2", "v1"}, []string{"v0", "x,v1", "y , v2 ,z"}, "v2"},
		{"exact case", []string{"V2", "v1"}, []string{"v2, v1"}, "v1"},
		{"exact case, none left", []string{"V2"}, []string{"v2"}, "refused"},
		{"offered twice, sent once", []string{"v1"}, []string{"v1, v1", "v1"}, "v1"},
		{"the empty entry admits none offered", []string{"v1", ""}, nil, ""},
		{"the empty entry alone", []string{""}, nil, ""},
		{"the empty entry beside one in common", []string{"", "v1"}, []string{"v1"}, "v1"},
		{"the empty entry does not admit a stranger", []string{"v1", ""}, []string{"v2"}, "refused"},
		{"no empty entry", []string{"v1"}, nil, "refused"},
	} {
		for _, deflate := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/deflate=%t", c.name, deflate), func(t *testing.T) {
				got := make(chan string, 1)
				h := &wsecho.Handler{Subprotocols: c.spoken, OnOpen: func(s *wsecho.Session, _ *http.Request) error { got <- s.Subprotocol(); return nil }}
				if deflate {
					h.Compression = websocket.CompressionContextTakeover
				}
				e := serve(t, h, func(next http.Handler) http.Handler {
					return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						w.Header().Set("Sec-WebSocket-Protocol", "preset")
						next.ServeHTTP(w, r)
					})
				})
				lines := []string{"Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions: " + peer.Offer}
				for _, o := range c.offered {
					lines = append(lines, "Sec-WebSocket-Protocol: "+o)
				}
				p, answer, body := e.shake(t, peer.Request{Lines: lines})
				sent, has := answer.Header["Sec-Websocket-Protocol"]
				if c.want == "refused" {
					if answer.StatusCode != 400 || has {
						t.Errorf("%s, subprotocol %q", answer.Status, sent)
					}
					for _, name := range c.spoken {
						if !strings.Contains(body, name) {
							t.Errorf("the body does not name %q: %q", name, body)
						}
					}
					return
				}
				if p == nil {
					t.Fatalf("%s %q", answer.Status, body)
				}
				if selected := <-got; selected != c.want {
					t.Errorf("Session.Subprotocol() is %q, want %q", selected, c.want)
				}
				if has != (c.want != "") || has && !slices.Equal(sent, []string{c.want}) {
					t.Errorf("Sec-WebSocket-Protocol is %q, want %q", sent, c.want)
				}
			})
		}
	}
}

func TestOrigins(t *testing.T) {
	for _, c := range []struct {
		name     string
		patterns []string
		origin   string // and the Host line, if not the usual
		admitted bool
	}{
		{"none", nil, "", true},
		{"the same origin", nil, "http://wsecho.test", true},
		{"the same host behind a proxy that ends TLS", nil, "https://wsecho.test", true},
		{"the same host in another case", nil, "http://WSecho.Test", true},
		{"a port that the Host spells out", nil, "https://wsecho.test Host: wsecho.test:443", true},
		{"a port that the Origin spells out", nil, "http://wsecho.test:80", true},
		{"another scheme's own port", nil, "https://wsecho.test Host: wsecho.test:80", false},
		{"another host", nil, "http://evil.test", false},
		{"another port", nil, "http://wsecho.test:8080", false},
		{"a host that begins like ours", nil, "http://wsecho.test.evil.test", false},
		{"our host as a user", nil, "http://wsecho.test@evil.test", false},
		{"our host as a path", nil, "http://evil.test/wsecho.test", false},
		{"null", nil, "null", false},
		{"malformed", nil, "http://[::1", false},
		{"malformed, our host inside", []string{"*.test"}, "http://wsecho.test:x:y", false},
		{"no scheme", nil, "wsecho.test", false},
		{"a pattern", []string{"app.test"}, "https://app.test", true},
		{"a pattern in another case", []string{"App.test"}, "https://aPP.test", true},
		{"a pattern with a star", []string{"*.app.test"}, "https://a.app.test", true},
		{"a star is no dot", []string{"*.app.test"}, "https://app.test", false},
		{"a pattern is the whole host", []string{"app.test"}, "https://app.test.evil.test", false},
		{"a pattern is the whole host, from its start", []string{"app.test"}, "https://evil-app.test", false},
		{"a pattern beside others", []string{"a.test", "b.test"}, "https://b.test", true},
		{"a pattern with a port", []string{"localhost:*"}, "http://localhost:5173", true},
		{"a pattern and null", []string{"app.test"}, "null", false},
		{"a scheme pattern", []string{"https://app.test"}, "https://app.test", true},
		{"a scheme pattern, another scheme", []string{"https://app.test"}, "http://app.test", false},
		{"WeChat", []string{"https://servicewechat.com"}, "https://servicewechat.com", true},
		{"WeChat's own scheme", []string{"weapp://*"}, "weapp://wx0123456789abcdef", true},
		{"WeChat's own scheme, not allowed", nil, "weapp://wx0123456789abcdef", false},
		{"a broken pattern admits nobody", []string{"[", "app.test"}, "https://evil.test", false},
		{"a broken pattern spoils no other", []string{"[", "app.test"}, "https://app.test", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := serve(t, &wsecho.Handler{OriginPatterns: c.patterns})
			e.watch()
			var r peer.Request
			if c.origin != "" {
				origin, host, _ := strings.Cut(c.origin, " ")
				r = r.With("Origin: " + origin)
				if host != "" {
					r = r.With(host)
				}
			}
			p, answer, _ := e.shake(t, r)
			if c.admitted != (p != nil) {
				t.Fatal(answer.Status)
			}
			if he, _, _ := e.last(); p == nil && (answer.StatusCode != 403 || he.Check != "origin") {
				t.Errorf("%s %q", answer.Status, he.Check)
			}
		})
	}
}

// Over HTTP/2 Connection and Upgrade are malformed (RFC 9113, section 8.2.2).
func TestRefusedOverHTTP2(t *testing.T) {
	h := &wsecho.Handler{Logger: slog.New(slog.DiscardHandler)}
	headers := make(chan http.Header, 2)
	h.ErrorHandler = func(w http.ResponseWriter, r *http.Request, err error) {
		headers <- w.Header().Clone()
		w.WriteHeader(err.(*wsecho.HandshakeError).Status)
	}
	srv := httptest.NewUnstartedServer(h)
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	for _, want := range []int{426, 503} {
		answer, err := srv.Client().Get(srv.URL)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.ProtoMajor != 2 || answer.StatusCode != want {
			t.Errorf("%s %s, want %d", answer.Proto, answer.Status, want)
		}
		if got := <-headers; got.Get("Connection") != "" || got.Get("Upgrade") != "" {
			t.Errorf("%d: malformed headers in %v", want, got)
		}
		if err := h.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// A refusal is the application's to spell.
func TestErrorHandler(t *testing.T) {
	e := serve(t, &wsecho.Handler{ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
		he := err.(*wsecho.HandshakeError)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(he.Status)
		json.NewEncoder(w).Encode(map[string]any{"check": he.Check})
	}})
	_, answer, body := e.shake(t, peer.Request{Lines: []string{"Sec-WebSocket-Version: 8"}})
	if answer.StatusCode != 426 || answer.Header.Get("Content-Type") != "application/json" || strings.TrimSpace(body) != `{"check":"version"}` {
		t.Errorf("%s %v %q", answer.Status, answer.Header, body)
	}
	if answer.Header.Get("Sec-WebSocket-Version") != "13" {
		t.Errorf("headers %v", answer.Header)
	}
}

package wsecho_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/wsechotest/await"
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

// fault is one check of the README's table "What it refuses": what makes a handshake fail it, alone or with others.
type fault struct {
	check   string
	status  int
	headers map[string]string // "*": any value
	request func(*peer.Request)
	writer  func(http.ResponseWriter) http.ResponseWriter
	handler func(t *testing.T, e *endpoint)
}

var faults = []fault{
	{check: "shutdown", status: 503, headers: map[string]string{"Retry-After": "*"},
		handler: func(t *testing.T, e *endpoint) { go e.Shutdown(t.Context()); untilShut(t, e) }},
	{check: "upgrade", status: 426, headers: map[string]string{"Upgrade": "websocket"},
		request: func(r *peer.Request) { *r = r.With("Upgrade") }},
	{check: "method", status: 405, headers: map[string]string{"Allow": "GET"},
		request: func(r *peer.Request) { r.Method = "POST" }},
	{check: "body", status: 400, request: func(r *peer.Request) { *r = r.With("Transfer-Encoding: chunked") }},
	{check: "version", status: 426, headers: map[string]string{"Sec-WebSocket-Version": "13", "Upgrade": "websocket"},
		request: func(r *peer.Request) { *r = r.With("Sec-WebSocket-Version: 8") }},
	{check: "key", status: 400, request: func(r *peer.Request) { *r = r.With("Sec-WebSocket-Key") }},
	{check: "origin", status: 403, request: func(r *peer.Request) { *r = r.With("Origin: https://evil.test") }},
	{check: "extensions", status: 400, request: func(r *peer.Request) { *r = r.With("Sec-WebSocket-Extensions: a;") }},
	{check: "subprotocol", status: 400, request: func(r *peer.Request) { *r = r.With("Sec-WebSocket-Protocol: other") }},
	{check: "capacity", status: 503, headers: map[string]string{"Retry-After": "*"},
		handler: func(t *testing.T, e *endpoint) { e.open(t, "X-Plain: yes") }},
	{check: "hijack", status: 501, writer: func(w http.ResponseWriter) http.ResponseWriter { return noHijack{w} }},
}

// connection is what a refusal over HTTP/1.1 says of its connection: it closes, and a 426 says what would open
// the endpoint (RFC 9110 section 15.5.22).
func (f fault) connection() []string {
	if f.status == http.StatusUpgradeRequired {
		return []string{"close", "Upgrade"}
	}
	return []string{"close"}
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
			if got := set["Connection"]; !slices.Equal(got, f.connection()) {
				t.Errorf("Connection was %q when ErrorHandler ran, want %q", got, f.connection())
			}
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

// checkRefusal checks that the answer, and what ErrorHandler got, are those of f.
func checkRefusal(t *testing.T, e *endpoint, answer *http.Response, f fault) {
	t.Helper()
	if answer.StatusCode != f.status {
		t.Errorf("status %d, want %d", answer.StatusCode, f.status)
	}
	if !answer.Close { // ReadResponse has taken the Connection lines out
		t.Error("the connection is not said to close")
	}
	for _, name := range []string{"Upgrade", "Allow", "Retry-After", "Sec-WebSocket-Accept", "Sec-WebSocket-Version", "Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"} {
		want, got := f.headers[name], answer.Header.Get(name)
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

// answers sends b over a connection of its own and returns all that comes back until the server closes it.
func (e *endpoint) answers(t *testing.T, b []byte) string {
	t.Helper()
	c, err := net.Dial("tcp", e.srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(await.Patience))
	c.Write(b)
	c.(*net.TCPConn).CloseWrite() // net/http waits for the rest of a body, though it has answered
	all, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}

// What a refusal says on the wire; and what a proxy, which may have begun to tunnel, sends behind the handshake is
// not answered.
func TestRefusalOnTheWire(t *testing.T) {
	for _, f := range faults {
		t.Run(f.check, func(t *testing.T) {
			e, r := refusal(t, false, f)
			b := e.answers(t, slices.Concat(r.Bytes(), peer.Request{}.Bytes(), peer.Text("tunnelled"), peer.Request{}.Bytes()))
			lines := strings.Split(b, "\r\n")
			if got := lines[0]; got != fmt.Sprintf("HTTP/1.1 %d %s", f.status, http.StatusText(f.status)) {
				t.Errorf("the answer is %q", got)
			}
			var connection []string
			for _, line := range lines {
				if value, ok := strings.CutPrefix(line, "Connection: "); ok {
					connection = append(connection, value)
				}
			}
			if !slices.Equal(connection, f.connection()) {
				t.Errorf("Connection: %q, want %q", connection, f.connection())
			}
			if n := strings.Count(b, "HTTP/1.1 "); n != 1 {
				t.Errorf("%d answers:\n%s", n, b)
			}
		})
	}
}

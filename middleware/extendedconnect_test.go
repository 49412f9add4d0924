package middleware

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
)

// TestExtendedConnect goes through a session frame by frame.
func TestExtendedConnect(t *testing.T) {
	c := serveH2(t, ExtendedConnect(http.HandlerFunc(echo)))
	c.connect(1, "/")
	c.wantStatus(1, 200)
	c.write(h2Data, 0, 1, text("hello"))
	if typ, flags, p := c.read(1); typ != h2Data || flags != 0 || string(p) != "\x81\x05hello" {
		t.Fatalf("got frame type %d, flags %d, %q; want the echo", typ, flags, p)
	}
	c.write(h2Data, 0, 1, []byte{0x88, 0x82, 0, 0, 0, 0, 3, 232})
	var got []byte
	for {
		typ, flags, p := c.read(1)
		if typ != h2Data {
			t.Fatalf("got frame type %d; want DATA", typ)
		}
		if got = append(got, p...); flags&1 != 0 { // END_STREAM
			break
		}
	}
	if string(got) != "\x88\x02\x03\xe8" {
		t.Errorf("got %q; want the close frame", got)
	}
	// The client never ended its side: RFC 9113, section 8.1, asks it to stop.
	if typ, _, p := c.read(1); typ != h2RSTStream || string(p) != "\x00\x00\x00\x00" {
		t.Errorf("got frame type %d, %q; want RST_STREAM(NO_ERROR)", typ, p)
	}
}

// TestExtendedConnectRequest compares what a handler sees with the GET of HTTP/1.1.
func TestExtendedConnectRequest(t *testing.T) {
	got := make(chan *http.Request, 2)
	h := ExtendedConnect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got <- r
		w.WriteHeader(http.StatusNotFound)
	}))
	c := serveH2(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		before := r.Header.Clone()
		h.ServeHTTP(w, r)
		if !reflect.DeepEqual(r.Header, before) || r.Method != http.MethodConnect || r.ProtoMajor != 2 {
			t.Errorf("for the middleware outside it has become %s with %v", r.Method, r.Header)
		}
	}))
	for _, stream := range []uint32{1, 3} {
		c.connect(stream, "/a?b=c", "origin", "http://example.com", "content-length", "7")
		c.wantStatus(stream, 404)
	}
	r, other := <-got, <-got
	if r.Method != "GET" || r.URL.Path != "/a" || r.URL.RawQuery != "b=c" || r.Host != "example.com" {
		t.Errorf("%s %s of %s", r.Method, r.URL, r.Host)
	}
	if r.Proto != "HTTP/2.0" || r.ProtoMajor != 1 || r.ProtoMinor != 1 {
		t.Errorf("%s, major %d, minor %d", r.Proto, r.ProtoMajor, r.ProtoMinor)
	}
	key := r.Header.Get("Sec-WebSocket-Key")
	if len(key) != 24 || key == other.Header.Get("Sec-WebSocket-Key") {
		t.Errorf("key %q: not 16 bytes, or not random", key)
	}
	want := []string{"Connection: Upgrade", "Origin: http://example.com", "Sec-Websocket-Key: " + key,
		"Sec-Websocket-Protocol: echo-protocol", "Sec-Websocket-Version: 13", "Upgrade: websocket"}
	var header []string
	for name, values := range r.Header {
		header = append(header, name+": "+strings.Join(values, " | "))
	}
	if slices.Sort(header); !slices.Equal(header, want) {
		t.Errorf("header %q, want %q", header, want)
	}
	if p, err := io.ReadAll(r.Body); len(p) > 0 || err != nil || r.ContentLength != 0 {
		t.Errorf("body %q, %v, of %d", p, err, r.ContentLength)
	}
}

// TestExtendedConnectRouting: chi and ServeMux find routes for GET, wherever the
// middleware is.
func TestExtendedConnectRouting(t *testing.T) {
	use := chi.NewRouter()
	use.Use(ExtendedConnect)
	use.Get("/a/ws", echo)

	around := chi.NewRouter()
	around.Route("/a", func(r chi.Router) { r.Get("/ws", echo) })

	sub := chi.NewRouter()
	sub.Route("/a", func(r chi.Router) {
		r.Use(ExtendedConnect)
		r.Get("/ws", echo)
	})

	with := chi.NewRouter()
	with.With(ExtendedConnect).Handle("/a/ws", http.HandlerFunc(echo))

	mux := http.NewServeMux()
	mux.HandleFunc("GET /a/ws", echo)

	for name, h := range map[string]http.Handler{
		"Use": use, "around a router": ExtendedConnect(around), "Use in a subrouter": sub,
		"With and Handle": with, "around ServeMux": ExtendedConnect(mux),
	} {
		t.Run(name, func(t *testing.T) {
			c := serveH2(t, h)
			c.connect(1, "/a/ws")
			c.wantStatus(1, 200)
			c.write(h2Data, 0, 1, text("x"))
			if _, _, p := c.read(1); string(p) != "\x81\x01x" {
				t.Errorf("got %q; want the echo", p)
			}
			c.connect(3, "/b/ws")
			c.wantStatus(3, 404)
		})
	}
}

func TestExtendedConnectLeavesRequestsAlone(t *testing.T) {
	var got http.ResponseWriter
	h := ExtendedConnect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { got = w }))
	for _, r := range []*http.Request{
		{Method: http.MethodGet, ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}}},
		{Method: http.MethodConnect, ProtoMajor: 2, Header: http.Header{}},
		{Method: http.MethodGet, ProtoMajor: 2, Header: http.Header{":protocol": {"websocket"}}},
	} {
		if h.ServeHTTP(nil, r); got != nil {
			t.Errorf("%s %v: the writer is wrapped", r.Method, r.Header)
		}
	}
}

// TestExtendedConnectOtherProtocols: RFC 9220, section 3, and a "websocket" in ASCII.
func TestExtendedConnectOtherProtocols(t *testing.T) {
	h := ExtendedConnect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusNotFound)
	}))
	for _, protocol := range []string{"webtransport", "connect-udp", "web\u017focket", "websoc\u212aet", "websocket2"} {
		c := serveH2(t, h)
		c.connectTo(protocol, 1, "/")
		c.want501(1)
	}
	c := serveH2(t, h)
	c.connectTo("WebSocket", 1, "/")
	c.wantStatus(1, 404)
}

// TestExtendedConnectHijack tries what else a handler may do with the writer.
func TestExtendedConnectHijack(t *testing.T) {
	check := func(ok bool, format string, args ...any) {
		t.Helper()
		if !ok {
			t.Errorf(format, args...)
		}
	}
	c := serveH2(t, ExtendedConnect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/answered" {
			w.WriteHeader(http.StatusNotFound)
			_, _, err := w.(http.Hijacker).Hijack()
			check(err != nil, "hijacked after the response")
			return
		}
		w.WriteHeader(http.StatusSwitchingProtocols)
		conn, brw, err := w.(http.Hijacker).Hijack()
		check(err == nil, "hijack: %v", err)
		defer conn.Close()
		_, _, err = w.(http.Hijacker).Hijack()
		check(err == http.ErrHijacked, "a second Hijack: %v", err)
		_, err = io.WriteString(w, "not in the stream")
		check(err == http.ErrHijacked, "Write on the writer: %v", err)
		err = http.NewResponseController(w).Flush()
		check(err == http.ErrHijacked, "Flush on the writer: %v", err)
		w.WriteHeader(http.StatusGatewayTimeout) // as chi's Timeout
		check(conn.LocalAddr() == r.Context().Value(http.LocalAddrContextKey), "local address %v", conn.LocalAddr())
		check(conn.RemoteAddr().String() == r.RemoteAddr && conn.RemoteAddr().Network() == "tcp", "remote address %v", conn.RemoteAddr())
		brw.WriteString("in the stream")
		check(brw.Flush() == nil, "flush")
	})))
	c.connect(1, "/")
	c.wantStatus(1, 200)
	if typ, _, p := c.read(1); typ != h2Data || string(p) != "in the stream" {
		t.Errorf("got frame type %d, %q", typ, p)
	}
	c.connect(3, "/answered")
	c.wantStatus(3, 404)
}

// TestExtendedConnectAfterTheHandler: the connection outlives the handler, not Close.
func TestExtendedConnectAfterTheHandler(t *testing.T) {
	conns, returned := make(chan net.Conn, 1), make(chan struct{})
	inner := ExtendedConnect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusSwitchingProtocols)
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
		}
		conns <- conn
	}))
	c := serveH2(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner.ServeHTTP(w, r)
		close(returned)
	}))
	c.connect(1, "/")
	c.wantStatus(1, 200)
	conn := <-conns
	for i := range 3 {
		c.write(h2Data, 0, 1, []byte{byte(i)})
		if b, err := bufio.NewReaderSize(conn, 1).ReadByte(); b != byte(i) || err != nil {
			t.Fatalf("read %d, %v", b, err)
		}
		fmt.Fprintf(conn, "%d", i)
		if _, _, p := c.read(1); string(p) != fmt.Sprint(i) {
			t.Fatalf("got %q", p)
		}
	}
	select {
	case <-returned:
		t.Fatal("ExtendedConnect returned before Close")
	default:
	}
	conn.Close()
	<-returned
	_, readErr := conn.Read(make([]byte, 1))
	_, writeErr := conn.Write([]byte("late"))
	for what, err := range map[string]error{
		"Read": readErr, "Write": writeErr,
		"SetReadDeadline": conn.SetReadDeadline(time.Now()), "SetWriteDeadline": conn.SetWriteDeadline(time.Time{}),
	} {
		if err != net.ErrClosed {
			t.Errorf("%s after Close: %v, want net.ErrClosed", what, err)
		}
	}
	if err := conn.Close(); err != nil {
		t.Errorf("a second Close: %v", err)
	}
}

func TestExtendedConnectNil(t *testing.T) {
	v := panicOf(func() { ExtendedConnect(nil) })
	if s, _ := v.(string); !strings.Contains(s, "middleware.ExtendedConnect") {
		t.Errorf("ExtendedConnect(nil) panics with %v, want a string that names it", v)
	}
}

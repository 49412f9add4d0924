package peertest

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"example.com/wsecho/internal/await"
	"example.com/wsecho/middleware"
)

// TestWire looks at the frames of whole sessions with every handler.
func TestWire(t *testing.T) {
	for name, h := range handlers(t) {
		for _, over := range []transport{overHTTP2, overH2C} {
			t.Run(name+"/"+over.name, func(t *testing.T) {
				s := over.serve(t, middleware.ExtendedConnect(h), nil)
				f := over.frames(t, s)
				if f.settings[http2.SettingEnableConnectProtocol] != 1 {
					t.Fatalf("SETTINGS %v do not offer extended CONNECT", f.settings)
				}
				head := f.connect(1, "/", "sec-websocket-protocol", "echo-protocol")
				wantWellFormed(t, head)
				if head.PseudoValue("status") != "200" || head.StreamEnded() || value(head, "sec-websocket-protocol") != "echo-protocol" {
					t.Fatalf("the response's header is %v", head.Fields)
				}
				f.wantEcho(1, "hi")
				f.send(1, 8, "\x03\xe8")
				if got := string(f.data(1).Data()); !strings.HasPrefix(got, "\x88\x02\x03\xe8") {
					t.Fatalf("got %q, want the close frame", got)
				}
				f.wantEnd(1)

				// The client's END_STREAM ends a session as a FIN does.
				f.connect(3, "/", "sec-websocket-protocol", "echo-protocol")
				f.wantEcho(3, "hello")
				f.fr.WriteData(3, true, nil)
				for !f.data(3).StreamEnded() {
				}
				// So does one in the request's header, when the session has just begun.
				f.sendConnect(5, "/", true, "sec-websocket-protocol", "echo-protocol")
				if status := f.header(5).PseudoValue("status"); status != "200" {
					t.Errorf("with END_STREAM: %s", status)
				}
				for !f.data(5).StreamEnded() {
				}
			})
		}
	}
}

// TestRefusals: every refusal is a well-formed HTTP/2 response with the handler's own
// status, and what is no WebSocket endpoint does not seem to have opened one.
func TestRefusals(t *testing.T) {
	hs := handlers(t)
	mux := http.NewServeMux()
	for name, h := range hs {
		mux.Handle("GET /"+name, h)
	}
	mux.HandleFunc("GET /page", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "<p>a page") })
	mux.HandleFunc("GET /flushed", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Upgrade", "nonsense")
		http.NewResponseController(w).Flush()
		io.WriteString(w, "part")
	})
	mux.HandleFunc("GET /empty", func(w http.ResponseWriter, r *http.Request) {})
	mux.HandleFunc("GET /created", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusCreated) })
	mux.HandleFunc("GET /only101", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusSwitchingProtocols) })
	mux.HandleFunc("GET /hinted", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusForbidden)
	})
	mux.HandleFunc("GET /away", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/else", http.StatusFound) })
	mux.HandleFunc("GET /connection", func(w http.ResponseWriter, r *http.Request) {
		for _, name := range []string{"Connection", "Upgrade", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding"} {
			w.Header().Set(name, "upgrade")
		}
		http.Error(w, "no", http.StatusTeapot)
	})
	s := overHTTP2.serve(t, middleware.ExtendedConnect(mux), nil)
	f := overHTTP2.frames(t, s)
	foreign := []string{"origin", "https://elsewhere.example", "sec-websocket-protocol", "echo-protocol"}
	var id uint32 = 1
	for _, tt := range []struct {
		path   string
		more   []string
		status string
		body   string // a part of it; "" if there is none
	}{
		{"/coder", foreign, "403", "not authorized"},
		{"/gorilla", foreign, "403", "Forbidden"},
		{"/ReverseProxy", foreign, "403", "not authorized"},
		{"/wsecho", foreign, "403", "rigin"},
		{"/wsecho", []string{"sec-websocket-protocol", "another"}, "400", "echo-protocol"},
		{"/wsecho", []string{"sec-websocket-version", "12"}, "400", "13"}, // repeated: 13 and 12
		{"/nowhere", nil, "404", "not found"},
		{"/page", nil, "501", ""},
		{"/flushed", nil, "501", ""},
		{"/empty", nil, "501", ""},
		{"/created", nil, "501", ""},
		{"/only101", nil, "501", ""},
		{"/hinted", nil, "103", ""},
		{"/away", nil, "302", "/else"},
		{"/connection", nil, "418", "no"},
	} {
		t.Run(tt.path+" "+tt.status, func(t *testing.T) {
			head := f.connect(id, tt.path, tt.more...)
			if got := head.PseudoValue("status"); got != tt.status {
				t.Errorf("status %s, want %s", got, tt.status)
			}
			wantWellFormed(t, head)
			if tt.status == "103" {
				if head = f.header(id); head.PseudoValue("status") != "403" {
					t.Errorf("after the hints: %s", head.PseudoValue("status"))
				}
			}
			var body []byte
			for ended := head.StreamEnded(); !ended; {
				d := f.data(id)
				body, ended = append(body, d.Data()...), d.StreamEnded()
			}
			if !strings.Contains(string(body), tt.body) || tt.body == "" && len(body) > 0 {
				t.Errorf("body %q, want %q in it", body, tt.body)
			}
			f.wantReset(id, http2.ErrCodeNo)
			id += 2
		})
	}
	// The connection has taken no harm.
	f.connect(id, "/coder", "sec-websocket-protocol", "echo-protocol")
	f.wantEcho(id, "still")
}

// wantWellFormed knows RFC 9113, section 8.2.2, and RFC 8441, section 5.
func wantWellFormed(t *testing.T, head *http2.MetaHeadersFrame) {
	t.Helper()
	forbidden := []string{"connection", "upgrade", "keep-alive", "proxy-connection", "transfer-encoding", "sec-websocket-accept"}
	for _, field := range head.Fields {
		if slices.Contains(forbidden, field.Name) {
			t.Errorf("the response has %s: %s", field.Name, field.Value)
		}
	}
	if head.PseudoValue("status") == "200" && value(head, "content-length") != "" {
		t.Error("a 200 to a CONNECT has a Content-Length")
	}
}

func value(head *http2.MetaHeadersFrame, name string) string {
	for _, field := range head.RegularFields() {
		if field.Name == name {
			return field.Value
		}
	}
	return ""
}

// TestConnectionCloseIsGoAway: what "Connection: close" says in a refusal over
// HTTP/1.1, GOAWAY says over HTTP/2.
func TestConnectionCloseIsGoAway(t *testing.T) {
	s := overHTTP2.serve(t, middleware.ExtendedConnect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		http.Error(w, "shutting down", http.StatusServiceUnavailable)
	})), nil)
	f := overHTTP2.frames(t, s)
	f.sendConnect(1, "/", false)
	for {
		switch fr := f.next().(type) {
		case *http2.MetaHeadersFrame:
			wantWellFormed(t, fr)
		case *http2.GoAwayFrame:
			return
		}
	}
}

// TestPeerEnds: what was sent before the peer's end is read, then comes the end. The
// handler has returned long before, so it is ExtendedConnect that has to wait.
func TestPeerEnds(t *testing.T) {
	type result struct {
		p   []byte
		err error
	}
	for name, end := range map[string]func(f *framer){
		"END_STREAM": func(f *framer) { f.fr.WriteData(1, true, nil) },
		"RST_STREAM": func(f *framer) { f.fr.WriteRSTStream(1, http2.ErrCodeCancel) },
		"TCP":        func(f *framer) { f.conn.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			opened, ended, done := make(chan struct{}), make(chan struct{}), make(chan result, 1)
			s := overHTTP2.serve(t, middleware.ExtendedConnect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(http.StatusSwitchingProtocols)
				c, _, err := w.(http.Hijacker).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				go func() {
					defer c.Close()
					close(opened)
					<-ended
					if name != "END_STREAM" {
						<-r.Context().Done()
					}
					<-time.After(soon) // by then all who would act on it have acted
					p, err := io.ReadAll(c)
					done <- result{p, err}
				}()
			})), nil)
			f := overHTTP2.frames(t, s)
			f.connect(1, "/")
			<-opened
			f.fr.WriteData(1, false, []byte("last words"))
			end(f)
			close(ended)
			got := await.Value(t, "done", done)
			if string(got.p) != "last words" {
				t.Errorf("read %q", got.p)
			}
			if clean := got.err == nil; clean != (name == "END_STREAM") {
				t.Errorf("then %v", got.err)
			}
		})
	}
}

// TestPanic: the peer sees a reset, and others of its connection nothing.
func TestPanic(t *testing.T) {
	s := overHTTP2.serve(t, middleware.ExtendedConnect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			coderEcho(w, r)
			return
		}
		w.WriteHeader(http.StatusSwitchingProtocols)
		c, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
		}
		defer func() {
			if _, err := c.Write([]byte("x")); err != nil {
				t.Errorf("while it panics: %v", err)
			}
		}()
		panic(http.ErrAbortHandler)
	})), nil)
	f := overHTTP2.frames(t, s)
	f.connect(1, "/", "sec-websocket-protocol", "echo-protocol")
	f.connect(3, "/panic")
	f.wantReset(3, http2.ErrCodeInternal)
	f.wantEcho(1, "still")
}

// TestShutdown: GOAWAY leaves an open session alone, and Shutdown waits for it.
func TestShutdown(t *testing.T) {
	s := overHTTP2.serve(t, middleware.ExtendedConnect(http.HandlerFunc(coderEcho)), nil)
	f := overHTTP2.frames(t, s)
	f.connect(1, "/", "sec-websocket-protocol", "echo-protocol")
	down := make(chan error, 1)
	go func() { down <- s.Config.Shutdown(await.Within(t)) }()
	for {
		if g, ok := f.next().(*http2.GoAwayFrame); ok {
			if g.ErrCode != http2.ErrCodeNo {
				t.Errorf("GOAWAY %v", g.ErrCode)
			}
			break
		}
	}
	f.wantEcho(1, "after GOAWAY")
	select {
	case err := <-down:
		t.Fatalf("Shutdown returned %v with a session open", err)
	default:
	}
	f.send(1, 8, "\x03\xe8")
	if err := await.Value(t, "down", down); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
}

// TestServerTimeouts: those of http.Server are for requests.
func TestServerTimeouts(t *testing.T) {
	t.Parallel()
	const timeout = 2 * time.Second // which the connection's preface has to keep, and the way to Hijack
	s := overH2C.serve(t, middleware.ExtendedConnect(http.HandlerFunc(coderEcho)), func(s *http.Server) {
		s.ReadTimeout, s.WriteTimeout, s.IdleTimeout, s.ReadHeaderTimeout = timeout, timeout, timeout, timeout
	})
	f := overH2C.frames(t, s)
	f.connect(1, "/", "sec-websocket-protocol", "echo-protocol")
	for range 2 {
		<-time.After(timeout + timeout/4)
		f.wantEcho(1, "still")
	}
}

// TestBackpressure: a handler that does not read stops its peer at the stream's
// window, and a peer that does not read stops its handler; both go on afterwards.
func TestBackpressure(t *testing.T) {
	const window, size = 64 << 10, 1 << 20
	start := make(chan struct{})
	wrote := make(chan error, 1)
	s := overHTTP2.serve(t, onConn(func(c net.Conn, r *http.Request) {
		if r.URL.Path == "/out" {
			_, err := c.Write(bytes.Repeat([]byte("o"), size))
			wrote <- err
			return
		}
		<-start
		n, err := io.Copy(io.Discard, io.LimitReader(c, size))
		if n != size || err != nil {
			t.Errorf("read %d, %v", n, err)
		}
		io.WriteString(c, "all in")
	}), func(s *http.Server) { s.HTTP2 = &http.HTTP2Config{MaxReceiveBufferPerStream: window} })

	h2 := overHTTP2.h2(t)
	in, _, err := h2.Dial(await.Within(t), s.URL+"/in", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	sent := make(chan error, 1)
	go func() { _, err := in.Write(make([]byte, size)); sent <- err }()

	f := overHTTP2.frames(t, s, http2.Setting{ID: http2.SettingInitialWindowSize, Val: window - 1})
	f.connect(1, "/out")
	got := 0
	for got < window-1 {
		got += len(f.data(1).Data())
	}
	// The connection answers, so it is the stream's window that stops both.
	f.fr.WritePing(false, [8]byte{1})
	for {
		if p, ok := f.next().(*http2.PingFrame); ok && p.IsAck() {
			break
		}
	}
	for what, ch := range map[string]chan error{"the handler's Write": wrote, "the peer's Write": sent} {
		select {
		case err := <-ch:
			t.Errorf("%s of %d returned, %v, although nobody reads", what, size, err)
		default:
		}
	}
	close(start)
	f.fr.WriteWindowUpdate(0, size)
	f.fr.WriteWindowUpdate(1, size)
	for got < size {
		got += len(f.data(1).Data())
	}
	f.wantEnd(1)
	if err := await.Value(t, "wrote", wrote); err != nil {
		t.Errorf("the handler's Write: %v", err)
	}
	if err := await.Value(t, "sent", sent); err != nil {
		t.Errorf("the peer's Write: %v", err)
	}
	var answer [6]byte
	if _, err := io.ReadFull(in, answer[:]); err != nil || string(answer[:]) != "all in" {
		t.Errorf("%q, %v", answer, err)
	}
}

// TestHeadOfLine: with a small window for each stream, a handler that does not read
// does not hold up the others of its connection.
func TestHeadOfLine(t *testing.T) {
	release := make(chan struct{})
	s := overHTTP2.serve(t, middleware.ExtendedConnect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			coderEcho(w, r)
			return
		}
		onConn(func(net.Conn, *http.Request) { <-release }).ServeHTTP(w, r)
	})), func(s *http.Server) { s.HTTP2 = &http.HTTP2Config{MaxReceiveBufferPerStream: 64 << 10} })
	defer close(release)
	f := overHTTP2.frames(t, s)
	f.connect(1, "/", "sec-websocket-protocol", "echo-protocol")
	// Two streams that nobody reads, filled to the brim.
	for _, id := range []uint32{3, 5} {
		f.sendConnect(id, "/stuck", false)
		for range 4 {
			f.fr.WriteData(id, false, make([]byte, 16<<10))
		}
	}
	f.wantEcho(1, "past them")
}

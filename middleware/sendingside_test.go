package middleware

import (
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// bye is a close frame as a client sends it.
var bye = []byte{0x88, 0x82, 0, 0, 0, 0, 3, 0xe8}

// halfClosed opens stream 1 and returns the handler's end of it.
func halfClosed(t *testing.T) (*h2, net.Conn) {
	t.Helper()
	conns := make(chan net.Conn, 1)
	c := serveH2(t, ExtendedConnect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/other" {
			return
		}
		w.WriteHeader(http.StatusSwitchingProtocols)
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
		}
		conns <- conn
	})))
	c.connect(1, "/")
	c.wantStatus(1, 200)
	conn := <-conns
	t.Cleanup(func() { conn.Close() })
	return c, conn
}

func wantRead(t *testing.T, conn net.Conn, want string) {
	t.Helper()
	p := make([]byte, 100)
	if n, err := conn.Read(p); string(p[:n]) != want || err != nil {
		t.Fatalf("Read: %q, %v; want %q", p[:n], err, want)
	}
}

// wantClosed wants what a handler sees of a stream that has ended after CloseWrite.
func wantClosed(t *testing.T, conn net.Conn) {
	t.Helper()
	if n, err := conn.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("Read: %d, %v; want io.EOF", n, err)
	}
	if _, err := conn.Write([]byte("x")); err == nil {
		t.Error("Write after CloseWrite succeeded")
	}
	if err := conn.SetReadDeadline(time.Now()); err != nil {
		t.Errorf("SetReadDeadline before Close: %v", err)
	}
}

func wantEndStream(t *testing.T, c *h2) {
	t.Helper()
	if typ, flags, p := c.read(1); typ != h2Data || flags != 1 || len(p) > 0 {
		t.Fatalf("got frame type %d, flags %d, %q; want END_STREAM", typ, flags, p)
	}
}

// TestCloseWrite is the end of a WebSocket in good order: after both close frames.
func TestCloseWrite(t *testing.T) {
	c, conn := halfClosed(t)
	c.write(h2Data, 0, 1, bye)
	wantRead(t, conn, string(bye))
	io.WriteString(conn, "bye") // the peer may have been first: nothing need follow
	if err := conn.(halfCloser).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, _, p := c.read(1); string(p) != "bye" {
		t.Fatalf("got %q", p)
	}
	wantEndStream(t, c)
	if typ, _, p := c.read(1); typ != h2RSTStream || string(p) != "\x00\x00\x00\x00" {
		t.Errorf("got frame type %d, %q; want RST_STREAM(NO_ERROR)", typ, p)
	}
	wantClosed(t, conn)
}

// TestCloseWriteBeforeTheAnswer: net/http's RST_STREAM must not meet a peer that has still to answer.
func TestCloseWriteBeforeTheAnswer(t *testing.T) {
	c, conn := halfClosed(t)
	side := &conn.(*hijackedConn).sending
	side.mu.Lock()
	side.grace = time.NewTimer(time.Hour) // so that nothing but the answer ends the stream, however long this test is held up
	side.mu.Unlock()
	io.WriteString(conn, "bye")
	if err := conn.(halfCloser).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, _, p := c.read(1); string(p) != "bye" {
		t.Fatalf("got %q", p)
	}
	// Another stream's answer shows that no end has followed the "bye".
	c.connect(3, "/other")
	c.write(h2Data, 0, 1, bye)
	for typ, stream := byte(0), uint32(0); stream != 3; {
		if typ, _, _, stream = c.readAny(); stream == 1 && typ != h2WindowUpdate {
			t.Fatalf("frame type %d on the stream before its answer was read", typ)
		}
	}
	wantRead(t, conn, string(bye))
	wantEndStream(t, c)
	wantClosed(t, conn)
}

// TestCloseWriteAfterThePeer: a stream that the peer has ended is ended without RST_STREAM.
func TestCloseWriteAfterThePeer(t *testing.T) {
	c, conn := halfClosed(t)
	c.write(h2Data, 1 /* END_STREAM */, 1, nil)
	if n, err := conn.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Fatalf("Read: %d, %v", n, err)
	}
	io.WriteString(conn, "last")
	conn.(halfCloser).CloseWrite()
	if _, _, p := c.read(1); string(p) != "last" {
		t.Fatalf("got %q", p)
	}
	wantEndStream(t, c)
	c.connect(3, "/other")
	for stream, typ := uint32(0), byte(0); stream != 3; {
		if typ, _, _, stream = c.readAny(); stream == 1 {
			t.Fatalf("frame type %d after both ends", typ)
		}
	}
}

// TestCloseWriteInTheHandler: httputil.ReverseProxy stays until its Read has ended.
func TestCloseWriteInTheHandler(t *testing.T) {
	for name, closes := range map[string]bool{"a peer that closes": true, "a peer that does not": false} {
		t.Run(name, func(t *testing.T) {
			c := serveH2(t, ExtendedConnect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(http.StatusSwitchingProtocols)
				conn, _, err := w.(http.Hijacker).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				defer conn.Close()
				conn.(halfCloser).CloseWrite()
				if _, err := io.Copy(io.Discard, conn); err != nil {
					t.Errorf("Read: %v", err)
				}
			})))
			c.connect(1, "/")
			c.wantStatus(1, 200)
			if closes {
				c.write(h2Data, 0, 1, bye)
			}
			for typ, flags := byte(0), byte(0); typ != h2Data || flags != 1; {
				typ, flags, _ = c.read(1)
			}
		})
	}
}

// TestCloseWriteAfterClose: as with a TCP connection.
func TestCloseWriteAfterClose(t *testing.T) {
	_, conn := halfClosed(t)
	conn.Close()
	if err := conn.(halfCloser).CloseWrite(); err != net.ErrClosed {
		t.Errorf("CloseWrite after Close: %v", err)
	}
}

// TestSendingSide: who has closed is not waited for, and who does not not for long.
func TestSendingSide(t *testing.T) {
	for name, tt := range map[string]struct {
		act  func(s *halfStream)
		want time.Duration
	}{
		"nothing read":             {func(s *halfStream) { s.close() }, closeWriteGrace},
		"a message before":         {func(s *halfStream) { s.heard(text("x"), nil); s.close() }, closeWriteGrace},
		"a message after":          {func(s *halfStream) { s.close(); s.heard(text("x"), nil) }, closeWriteGrace},
		"half a close frame":       {func(s *halfStream) { s.close(); s.heard(bye[:7], nil) }, closeWriteGrace},
		"a close frame before":     {func(s *halfStream) { s.heard(bye, nil); s.close() }, 0},
		"a close frame after":      {func(s *halfStream) { s.close(); s.heard(bye[:7], nil); s.heard(bye[7:], nil) }, 0},
		"ended by the peer before": {func(s *halfStream) { s.heard(nil, io.EOF); s.close() }, 0},
		"ended by the peer after":  {func(s *halfStream) { s.close(); s.heard(nil, io.EOF) }, 0},
		"CloseWrite twice":         {func(s *halfStream) { s.close(); s.close() }, closeWriteGrace},
		"Close after":              {func(s *halfStream) { s.close(); s.end() }, 0},
		"Close before":             {func(s *halfStream) { s.end(); s.close() }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, began := &halfStream{}, time.Now()
				s.ended = make(chan struct{})
				tt.act(s)
				<-s.ended
				if got := time.Since(began); got != tt.want { // of the bubble
					t.Errorf("ended after %v, want %v", got, tt.want)
				}
			})
		})
	}
}

// halfStream ends its sendingSide as a streamConn does.
type halfStream struct{ sendingSide }

func (s *halfStream) heard(p []byte, err error) {
	if s.sendingSide.heard(p, err) {
		s.end()
	}
}

func (s *halfStream) close() {
	if s.sendingSide.close(s.end) {
		s.end()
	}
}

package peertest

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"testing"

	"golang.org/x/net/http2"

	"example.com/wsecho/middleware"
	"example.com/wsecho/wsecho/wsechotest/await"
)

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

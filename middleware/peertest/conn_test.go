package peertest

import (
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"example.com/wsecho/wsecho/wsechotest/await"
)

// soon is a deadline that a test waits for.
const soon = 50 * time.Millisecond

// begun tells of the calls on one connection, each once: its first Read and its first Write have come
// to net/http, and what else is done to the connection finds them under way.
type begun struct{ read, write chan struct{} }

// has reports whether that call has.
func has(begun chan struct{}) bool {
	select {
	case <-begun:
		return true
	default:
		return false
	}
}

// watched is net/http's stream, with an eye on the calls.
type watched struct {
	stream
	io.ReadCloser // the request's body
	read, write   func()
}

// stream is what net/http's writer is for HTTP/2.
type stream interface {
	http.ResponseWriter
	FlushError() error
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

func (w watched) Read(p []byte) (int, error) { w.read(); return w.ReadCloser.Read(p) }

func (w watched) Write(p []byte) (int, error) { w.write(); return w.stream.Write(p) }

func (b begun) watch(next http.Handler) http.Handler {
	read, write := sync.OnceFunc(func() { close(b.read) }), sync.OnceFunc(func() { close(b.write) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			both := watched{w.(stream), r.Body, read, write}
			r = r.WithContext(r.Context())
			w, r.Body = both, both
		}
		next.ServeHTTP(w, r)
	})
}

// ask runs f on the connection of a stream whose peer is silent and whose window is
// small, and returns the peer and, when f has returned, true. The peer has the response's
// header before f begins: a reset may overtake one that has no fields.
func ask(t *testing.T, f func(c net.Conn, b begun)) (*framer, <-chan bool) {
	t.Helper()
	done, opened, b := make(chan bool, 1), make(chan struct{}), begun{make(chan struct{}), make(chan struct{})}
	defer close(opened)
	s := overHTTP2.serve(t, b.watch(onConn(func(c net.Conn, r *http.Request) {
		if r.URL.Path == "/other" {
			io.WriteString(c, "other")
			return
		}
		<-opened
		f(c, b)
		done <- true
	})), nil)
	peer := overHTTP2.frames(t, s, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1000})
	peer.connect(1, "/")
	return peer, done
}

// wantOthers wants that the HTTP/2 connection still serves other streams.
func wantOthers(t *testing.T, peer *framer) {
	t.Helper()
	peer.connect(3, "/other")
	if got := string(peer.data(3).Data()); got != "other" {
		t.Errorf("another stream: %q", got)
	}
}

// TestCloseEndsRead: from another goroutine, with nothing else going on.
func TestCloseEndsRead(t *testing.T) {
	peer, done := ask(t, func(c net.Conn, b begun) {
		go func() { <-b.read; c.Close() }()
		if _, err := c.Read(make([]byte, 1)); err != net.ErrClosed {
			t.Errorf("Read: %v, want net.ErrClosed", err)
		}
	})
	peer.wantEnd(1)
	await.Value(t, "done", done)
	wantOthers(t, peer)
}

// TestStalledTCP: the peer does not read TCP, with all windows of HTTP/2 open. Only
// WriteByteTimeout ends that, and the whole connection with it.
func TestStalledTCP(t *testing.T) {
	t.Parallel()
	done := make(chan error, 1)
	s := overHTTP2.serve(t, onConn(func(c net.Conn, r *http.Request) {
		c.SetWriteDeadline(time.Now().Add(soon))
		_, err := c.Write(make([]byte, 64<<20))
		done <- err
	}), func(s *http.Server) { s.HTTP2 = &http.HTTP2Config{WriteByteTimeout: 2 * time.Second} })
	f := overHTTP2.frames(t, s, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1<<31 - 1})
	f.fr.WriteWindowUpdate(0, 1<<31-1-65535)
	f.connect(1, "/")
	if err := await.Value(t, "done", done); err != os.ErrDeadlineExceeded {
		t.Errorf("Write: %v", err)
	}
}

// TestSilentPeer: HTTP/2 PINGs find a TCP connection that is dead.
func TestSilentPeer(t *testing.T) {
	t.Parallel()
	const patient = 2 * time.Second // with a peer that has yet to open the stream
	done := make(chan error, 1)
	s := overHTTP2.serve(t, onConn(func(c net.Conn, r *http.Request) {
		_, err := c.Read(make([]byte, 1))
		done <- err
	}), func(s *http.Server) { s.HTTP2 = &http.HTTP2Config{SendPingTimeout: patient, PingTimeout: patient} })
	f := overHTTP2.frames(t, s)
	f.connect(1, "/")
	if err := await.Value(t, "done", done); err == nil || err == io.EOF { // f answers no PING
		t.Errorf("Read: %v", err)
	}
}

// TestLateUse: goroutines that outlive the handler use the connection as they like.
// Under -race this shows that none of them touches the response.
func TestLateUse(t *testing.T) {
	const streams, goroutines = 100, 4
	var users sync.WaitGroup
	users.Add(streams * goroutines)
	s := overHTTP2.serve(t, onConn(func(c net.Conn, r *http.Request) {
		begun := make(chan bool, goroutines)
		for range goroutines {
			go func() {
				defer users.Done()
				begun <- true
				p := make([]byte, 10)
				for ended := false; !ended; {
					_, writeErr := c.Write([]byte("late"))
					c.SetDeadline(time.Now().Add(time.Minute))
					_, readErr := c.Read(p)
					ended = writeErr == net.ErrClosed && readErr == net.ErrClosed
				}
				if err := c.SetReadDeadline(time.Time{}); err != net.ErrClosed {
					t.Errorf("SetReadDeadline after the end: %v", err)
				}
			}()
		}
		for range goroutines {
			<-begun
		}
	}), nil)
	f := overHTTP2.frames(t, s, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 20})
	f.fr.WriteWindowUpdate(0, 1<<30)
	go func() { // reads whatever comes
		for {
			if _, err := f.fr.ReadFrame(); err != nil {
				return
			}
		}
	}()
	for i := range streams {
		id := uint32(2*i + 1)
		f.sendConnect(id, "/", false)
		for range goroutines { // something to read
			f.fr.WriteData(id, false, make([]byte, 10))
		}
	}
	used := make(chan bool)
	go func() { users.Wait(); close(used) }()
	await.Value(t, "used", used)
}

package peertest

import (
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	gorilla "github.com/gorilla/websocket"
	"golang.org/x/net/http2"

	"example.com/wsecho/middleware"
)

// soon is a deadline that a test waits for.
const soon = 50 * time.Millisecond

// ask runs f on the connection of a stream whose peer is silent and whose window is
// small, and returns the peer and, when f has returned, true.
func ask(t *testing.T, f func(c net.Conn)) (*framer, <-chan bool) {
	t.Helper()
	done := make(chan bool, 1)
	s := overHTTP2.serve(t, onConn(func(c net.Conn, r *http.Request) {
		if r.URL.Path == "/other" {
			io.WriteString(c, "other")
			return
		}
		f(c)
		done <- true
	}), nil)
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

func TestReadDeadline(t *testing.T) {
	for name, set := range map[string]func(c net.Conn){
		"SetReadDeadline": func(c net.Conn) { c.SetReadDeadline(time.Now().Add(soon)) },
		"SetDeadline":     func(c net.Conn) { c.SetDeadline(time.Now().Add(soon)) },
		"put off": func(c net.Conn) {
			c.SetReadDeadline(time.Now())
			c.SetReadDeadline(time.Now().Add(soon))
		},
		"while it waits": func(c net.Conn) {
			time.AfterFunc(soon, func() { c.SetReadDeadline(time.Now()) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			peer, done := ask(t, func(c net.Conn) {
				set(c)
				_, err := c.Read(make([]byte, 1))
				if ne, ok := err.(net.Error); err != os.ErrDeadlineExceeded || !ok || !ne.Timeout() {
					t.Errorf("Read: %v, want os.ErrDeadlineExceeded", err)
				}
				c.SetDeadline(time.Time{})
				if _, err := c.Read(make([]byte, 1)); err != os.ErrDeadlineExceeded {
					t.Errorf("a second Read: %v; it is documented to be final", err)
				}
				if _, err := io.WriteString(c, "can write"); err != nil {
					t.Errorf("Write: %v", err)
				}
			})
			receive(t, done)
			if got := string(peer.data(1).Data()); got != "can write" {
				t.Errorf("the peer got %q", got)
			}
			peer.wantEnd(1)
			wantOthers(t, peer)
		})
	}
}

// TestWriteEnds: the peer never opens the stream's window.
func TestWriteEnds(t *testing.T) {
	for _, tt := range []struct {
		name string
		act  func(c net.Conn)
		want error
	}{
		{"deadline", func(c net.Conn) { c.SetWriteDeadline(time.Now().Add(soon)) }, os.ErrDeadlineExceeded},
		{"both deadlines", func(c net.Conn) { c.SetDeadline(time.Now().Add(soon)) }, os.ErrDeadlineExceeded},
		{"deadline while it waits", func(c net.Conn) {
			time.AfterFunc(soon, func() { c.SetWriteDeadline(time.Now()) })
		}, os.ErrDeadlineExceeded},
		{"Close", func(c net.Conn) { time.AfterFunc(soon, func() { c.Close() }) }, net.ErrClosed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			peer, done := ask(t, func(c net.Conn) {
				reads := make(chan error, 1)
				go func() { _, err := c.Read(make([]byte, 1)); reads <- err }()
				tt.act(c)
				if n, err := c.Write(make([]byte, 100_000)); err != tt.want || n == 100_000 {
					t.Errorf("Write: %d, %v; want %v", n, err, tt.want)
				}
				if err := <-reads; err != tt.want {
					t.Errorf("the Read that waited: %v, want %v", err, tt.want)
				}
				c.SetWriteDeadline(time.Time{})
				if _, err := c.Write([]byte("x")); err != tt.want {
					t.Errorf("a second Write: %v, want %v", err, tt.want)
				}
			})
			peer.wantReset(1, http2.ErrCodeInternal)
			receive(t, done)
			wantOthers(t, peer)
		})
	}
}

// TestWriteDeadlineLeftBehind: gorilla sets one for each message and leaves it, as one
// may over TCP. It is not for the stream that is idle when it passes.
func TestWriteDeadlineLeftBehind(t *testing.T) {
	s := overHTTP2.serve(t, middleware.ExtendedConnect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := new(gorilla.Upgrader).Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		for {
			typ, p, err := c.ReadMessage()
			c.SetWriteDeadline(time.Now().Add(soon))
			if err != nil || c.WriteMessage(typ, p) != nil {
				return
			}
		}
	})), nil)
	f := overHTTP2.frames(t, s)
	f.connect(1, "/")
	for range 3 {
		f.wantEcho(1, "still")
		<-time.After(2 * soon) // longer than the deadline
	}
}

// TestCloseEndsRead: from another goroutine, with nothing else going on.
func TestCloseEndsRead(t *testing.T) {
	peer, done := ask(t, func(c net.Conn) {
		time.AfterFunc(soon, func() { c.Close() })
		if _, err := c.Read(make([]byte, 1)); err != net.ErrClosed {
			t.Errorf("Read: %v, want net.ErrClosed", err)
		}
	})
	peer.wantEnd(1)
	receive(t, done)
	wantOthers(t, peer)
}

// TestStalledTCP: the peer does not read TCP, with all windows of HTTP/2 open. Only
// WriteByteTimeout ends that, and the whole connection with it.
func TestStalledTCP(t *testing.T) {
	done := make(chan error, 1)
	s := overHTTP2.serve(t, onConn(func(c net.Conn, r *http.Request) {
		c.SetWriteDeadline(time.Now().Add(soon))
		_, err := c.Write(make([]byte, 64<<20))
		done <- err
	}), func(s *http.Server) { s.HTTP2 = &http.HTTP2Config{WriteByteTimeout: 4 * soon} })
	f := overHTTP2.frames(t, s, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1<<31 - 1})
	f.fr.WriteWindowUpdate(0, 1<<31-1-65535)
	f.connect(1, "/")
	if err := receive(t, done); err != os.ErrDeadlineExceeded {
		t.Errorf("Write: %v", err)
	}
}

// TestSilentPeer: HTTP/2 PINGs find a TCP connection that is dead.
func TestSilentPeer(t *testing.T) {
	done := make(chan error, 1)
	s := overHTTP2.serve(t, onConn(func(c net.Conn, r *http.Request) {
		_, err := c.Read(make([]byte, 1))
		done <- err
	}), func(s *http.Server) { s.HTTP2 = &http.HTTP2Config{SendPingTimeout: soon, PingTimeout: soon} })
	f := overHTTP2.frames(t, s)
	f.connect(1, "/")
	if err := receive(t, done); err == nil || err == io.EOF { // f answers no PING
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
	receive(t, used)
}

package peertest

import (
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	gorilla "github.com/gorilla/websocket"
	"golang.org/x/net/http2"

	"example.com/wsecho/middleware"
	"example.com/wsecho/wsecho/wsechotest/await"
)

func TestReadDeadline(t *testing.T) {
	for name, set := range map[string]func(c net.Conn, in time.Duration, reading chan struct{}){
		"SetReadDeadline": func(c net.Conn, in time.Duration, _ chan struct{}) { c.SetReadDeadline(time.Now().Add(in)) },
		"SetDeadline":     func(c net.Conn, in time.Duration, _ chan struct{}) { c.SetDeadline(time.Now().Add(in)) },
		"put off": func(c net.Conn, in time.Duration, _ chan struct{}) {
			c.SetReadDeadline(time.Now())
			c.SetReadDeadline(time.Now().Add(in))
		},
		"while it waits": func(c net.Conn, _ time.Duration, reading chan struct{}) {
			go func() { <-reading; c.SetReadDeadline(time.Now()) }()
		},
	} {
		t.Run(name, func(t *testing.T) {
			peer, done := ask(t, func(c net.Conn, b begun) {
				for in := soon; !has(b.read); in *= 2 { // again if it was over before Read began
					set(c, in, b.read)
					_, err := c.Read(make([]byte, 1))
					if ne, ok := err.(net.Error); err != os.ErrDeadlineExceeded || !ok || !ne.Timeout() {
						t.Errorf("Read: %v, want os.ErrDeadlineExceeded", err)
					}
				}
				c.SetDeadline(time.Time{})
				if _, err := c.Read(make([]byte, 1)); err != os.ErrDeadlineExceeded {
					t.Errorf("a second Read: %v; it is documented to be final", err)
				}
				if _, err := io.WriteString(c, "can write"); err != nil {
					t.Errorf("Write: %v", err)
				}
			})
			await.Value(t, "done", done)
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
		act  func(c net.Conn, in time.Duration, writing chan struct{})
		want error
	}{
		{"deadline", func(c net.Conn, in time.Duration, _ chan struct{}) {
			c.SetWriteDeadline(time.Now().Add(in))
		}, os.ErrDeadlineExceeded},
		{"both deadlines", func(c net.Conn, in time.Duration, _ chan struct{}) {
			c.SetDeadline(time.Now().Add(in))
		}, os.ErrDeadlineExceeded},
		{"deadline while it waits", func(c net.Conn, _ time.Duration, writing chan struct{}) {
			go func() { <-writing; c.SetWriteDeadline(time.Now()) }()
		}, os.ErrDeadlineExceeded},
		{"Close", func(c net.Conn, _ time.Duration, writing chan struct{}) {
			go func() { <-writing; c.Close() }()
		}, net.ErrClosed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			peer, done := ask(t, func(c net.Conn, b begun) {
				reads := make(chan error, 1)
				go func() { _, err := c.Read(make([]byte, 1)); reads <- err }()
				for in := soon; !has(b.write); in *= 2 { // again if it was over before Write began
					tt.act(c, in, b.write)
					if n, err := c.Write(make([]byte, 100_000)); err != tt.want || n == 100_000 {
						t.Errorf("Write: %d, %v; want %v", n, err, tt.want)
					}
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
			await.Value(t, "done", done)
			wantOthers(t, peer)
		})
	}
}

// TestWriteDeadlineLeftBehind: gorilla sets one for each message and leaves it, as one
// may over TCP. It is not for the stream that is idle when it passes. (This one is soon only
// when the message has left, or a busy machine might not make it.)
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
			c.SetWriteDeadline(time.Now().Add(await.Patience))
			if err != nil || c.WriteMessage(typ, p) != nil {
				return
			}
			c.NetConn().SetWriteDeadline(time.Now().Add(soon))
		}
	})), nil)
	f := overHTTP2.frames(t, s)
	f.connect(1, "/")
	for range 3 {
		f.wantEcho(1, "still")
		<-time.After(2 * soon) // longer than the deadline
	}
}

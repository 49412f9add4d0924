package middleware

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho/wsechotest/await"
)

// hijack upgrades by hand.
func hijack(w http.ResponseWriter) net.Conn {
	c, brw, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	brw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	brw.Flush()
	return c
}

// TestLimitPerClientFrees gives each handler the one place there is, ends the
// connection its way and wants the place back: once, so that a second connection is
// then admitted and a third is not.
func TestLimitPerClientFrees(t *testing.T) {
	for _, tt := range []struct {
		name string
		h    http.HandlerFunc
	}{
		{"refused by the handler", func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no", http.StatusForbidden) }},
		{"no answer at all", func(w http.ResponseWriter, r *http.Request) {}},
		{"panic before the upgrade", func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) }},
		{"panic after the upgrade", func(w http.ResponseWriter, r *http.Request) {
			defer hijack(w).Close()
			panic(http.ErrAbortHandler)
		}},
		{"panic with the connection in hand", func(w http.ResponseWriter, r *http.Request) {
			hijack(w)
			panic(http.ErrAbortHandler)
		}},
		{"closed twice", func(w http.ResponseWriter, r *http.Request) {
			c := hijack(w)
			c.Close()
			c.Close()
		}},
		{"closed after the handler", func(w http.ResponseWriter, r *http.Request) { go hijack(w).Close() }},
		{"the peer vanishes", func(w http.ResponseWriter, r *http.Request) {
			c := hijack(w)
			defer c.Close()
			io.Copy(io.Discard, c)
		}},
		{"a first Hijack that fails", func(w http.ResponseWriter, r *http.Request) {
			pw := w.(*placeWriter)
			pw.ResponseWriter = struct{ http.ResponseWriter }{pw.ResponseWriter} // opaque
			if _, _, err := pw.Hijack(); err == nil {
				t.Error("there is nothing to hijack, but it is")
			}
		}},
		{"hijacked a second time", func(w http.ResponseWriter, r *http.Request) {
			defer hijack(w).Close()
			if _, _, err := w.(http.Hijacker).Hijack(); err == nil {
				t.Error("a second Hijack succeeds")
			}
		}},
		{"detached", func(w http.ResponseWriter, r *http.Request) {
			conn, closed := hijack(w).(interface{ Detach() (net.Conn, func()) }).Detach()
			conn.Close()
			closed()
			closed()
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var first atomic.Bool
			first.Store(true)
			s := httptest.NewUnstartedServer(LimitPerClient(1, everyone)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if first.CompareAndSwap(true, false) {
					tt.h(w, r)
					return
				}
				echo(w, r)
			})))
			s.Config.ErrorLog = log.New(io.Discard, "", 0)
			s.Start()
			t.Cleanup(s.Close)

			c, err := net.Dial("tcp", s.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			io.WriteString(c, handshake("Connection: Upgrade\r\nUpgrade: websocket\r\n"))
			c.SetReadDeadline(time.Now().Add(await.Patience))
			c.Read(make([]byte, 1)) // an answer, or the end
			c.Close()
			var second *websocket.Conn
			await.Poll(t, "the place is free", func() bool {
				runtime.GC() // for the connection that nobody closes
				second, _, err = dial(t, s.URL, nil, "echo-protocol")
				return err == nil
			})
			if _, resp, err := dial(t, s.URL, nil, "echo-protocol"); err == nil || resp.StatusCode != http.StatusTooManyRequests {
				t.Errorf("there is a place for a third: %v", resp.Status)
			}
			roundTrip(t, second, "open")
		})
	}
}

// TestLimitPerClientConn shows what a handler gets from Hijack.
func TestLimitPerClientConn(t *testing.T) {
	type detacher interface{ Detach() (net.Conn, func()) }
	got := make(chan net.Conn, 1)
	twice := func(next http.Handler) http.Handler {
		return LimitPerClient(9, everyone)(LimitPerClient(9, everyone)(next))
	}
	s := serve(t, twice(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
		}
		got <- c
	})))
	client, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	io.WriteString(client, handshake("Connection: Upgrade\r\nUpgrade: websocket\r\n"))
	c := <-got
	if _, ok := c.(interface{ CloseWrite() error }); !ok {
		t.Errorf("%T has lost CloseWrite", c)
	}
	for range 2 { // one for each limiter
		d, ok := c.(detacher)
		if !ok {
			t.Fatalf("%T has no Detach", c)
		}
		var closed func()
		c, closed = d.Detach()
		defer closed()
	}
	if _, ok := c.(*net.TCPConn); !ok {
		t.Errorf("what is left is a %T, not the socket itself", c)
	}
	runtime.GC() // what was detached is not taken for dropped
	c.Close()

	// A connection without CloseWrite does not seem to have one.
	a, b := net.Pipe()
	defer b.Close()
	pipe := newPlaceConn(a, func() {})
	defer pipe.Close()
	if _, ok := pipe.(interface{ CloseWrite() error }); ok {
		t.Error("a pipe has got a CloseWrite")
	}
}

func TestLimitPerClientDetachKeepsThePlace(t *testing.T) {
	left := make(chan struct{}, 1)
	func() {
		a, b := net.Pipe()
		defer a.Close()
		defer b.Close()
		newPlaceConn(a, func() { left <- struct{}{} }).(*placeConn).Detach()
	}()
	collected := make(chan struct{})
	runtime.AddCleanup(new([16]byte), func(ch chan struct{}) { close(ch) }, collected)
	await.Poll(t, "a garbage collection", func() bool {
		runtime.GC()
		select {
		case <-collected:
			return true
		default:
			return false
		}
	})
	runtime.GC()
	select {
	case <-left:
		t.Error("the wrapper's collection gave up the place of a connection that is detached")
	default:
	}
}

// TestLimitPerClientClosesFirst: a place is free when the connection has gone, not before.
func TestLimitPerClientClosesFirst(t *testing.T) {
	left := false
	pipe, peer := net.Pipe()
	defer peer.Close()
	conn := newPlaceConn(closing{pipe, func() {
		if left {
			t.Error("the place is given up while the connection is open")
		}
	}}, func() { left = true })
	if err := conn.Close(); err != nil || !left {
		t.Errorf("Close: %v, the place given up: %v", err, left)
	}
}

type closing struct {
	net.Conn
	before func()
}

func (c closing) Close() error { c.before(); return c.Conn.Close() }

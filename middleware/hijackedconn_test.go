package middleware

import (
	"fmt"
	"net"
	"net/http"
	"runtime"
	"testing"
	"time"

	"example.com/wsecho/wsecho/wsechotest/await"
)

// dropped serves h behind ExtendedConnect, and opens a stream. It returns what waits, and
// collects garbage, until ExtendedConnect has returned.
func dropped(t *testing.T, h http.HandlerFunc) (c *h2, wait func()) {
	returned := make(chan struct{})
	inner := ExtendedConnect(h)
	c = serveH2(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner.ServeHTTP(w, r)
		close(returned)
	}))
	c.connect(1, "/")
	return c, func() {
		t.Helper()
		await.Poll(t, "ExtendedConnect returns", func() bool {
			runtime.GC()
			select {
			case <-returned:
				return true
			default:
				return false
			}
		})
	}
}

// TestExtendedConnectDropped: a handler hijacks, returns, and nobody has the connection.
func TestExtendedConnectDropped(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"after a 101": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusSwitchingProtocols)
			w.(http.Hijacker).Hijack()
		},
		"before any answer":       func(w http.ResponseWriter, r *http.Request) { w.(http.Hijacker).Hijack() },
		"after a head of its own": func(w http.ResponseWriter, r *http.Request) { hijack(w) },
	} {
		for _, reset := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, reset by the peer: %v", name, reset), func(t *testing.T) {
				c, wait := dropped(t, h)
				if reset {
					c.write(h2RSTStream, 0, 1, []byte{0, 0, 0, 8})
				}
				wait()
			})
		}
	}
}

// TestExtendedConnectInItsLastUse: a connection is not dropped while its last Read or Write
// is under way.
func TestExtendedConnectInItsLastUse(t *testing.T) {
	const window = 65535
	for name, tt := range map[string]struct {
		use  func(conn net.Conn) (int, error)
		peer func(c *h2)
	}{
		"Read": {
			func(conn net.Conn) (int, error) { return conn.Read(make([]byte, 1)) },
			func(c *h2) { c.write(h2Data, 0, 1, []byte("x")) },
		},
		"Write": {
			func(conn net.Conn) (int, error) { return conn.Write(make([]byte, window+1)) },
			func(c *h2) {
				c.write(h2WindowUpdate, 0, 0, []byte{0, 0, 0, 9})
				c.write(h2WindowUpdate, 0, 1, []byte{0, 0, 0, 9})
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			done := make(chan error, 1)
			c, wait := dropped(t, func(w http.ResponseWriter, r *http.Request) {
				conn := hijack(w)
				go func() {
					_, err := tt.use(conn)
					done <- err
				}()
			})
			c.wantStatus(1, 200)
			for n := 0; name == "Write" && n < window; {
				_, _, p := c.read(1)
				n += len(p)
			}
			for range 5 { // the first may find Read not yet begun
				runtime.GC()
				time.Sleep(time.Millisecond)
			}
			tt.peer(c)
			if err := <-done; err != nil {
				t.Error(err)
			}
			wait()
		})
	}
}

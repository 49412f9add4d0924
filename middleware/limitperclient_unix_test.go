//go:build unix

package middleware

import (
	"bufio"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// TestLimitPerClientLeavesWsechoTheSocket: wsecho waits for a socket of its own with
// RawConn.Read and no buffer in hand, and reads any other connection plainly. The
// session's stack says which.
func TestLimitPerClientLeavesWsechoTheSocket(t *testing.T) {
	wrapped := func(next http.Handler) http.Handler { // as LimitPerClient would without Detach
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(plainWriter{w}, r)
		})
	}
	for _, tt := range []struct {
		name string
		mw   func(http.Handler) http.Handler
		raw  bool
	}{
		{"without", func(next http.Handler) http.Handler { return next }, true},
		{"LimitPerClient", LimitPerClient(1, everyone), true},
		{"two of them", func(next http.Handler) http.Handler {
			return LimitPerClient(1, everyone)(LimitPerClient(1, everyone)(next))
		}, true},
		{"a wrapped connection", wrapped, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := &wsecho.Handler{PingInterval: -1}
			s := serve(t, tt.mw(h))
			defer await.Poll(t, "the session is gone", func() bool { h.Close(); return h.Stats().Open == 0 })
			c, _, err := dial(t, s.URL, nil, wsecho.DefaultSubprotocol)
			if err != nil {
				t.Fatal(err)
			}
			buf := make([]byte, 1<<20)
			await.Poll(t, "the session waits for its peer", func() bool {
				roundTrip(t, c, "hello") // one that is quiet for seconds has no stack
				for stack := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
					if strings.Contains(stack, "wire.(*Conn)") && strings.Contains(stack, "[IO wait") {
						if raw := strings.Contains(stack, "RawRead"); raw != tt.raw {
							t.Errorf("on a raw socket: %v, want %v\n%s", raw, tt.raw, stack)
						}
						return true
					}
				}
				return false
			})
		})
	}
}

// plainWriter wraps what it hijacks in a type of its own.
type plainWriter struct{ http.ResponseWriter }

func (w plainWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, brw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	return struct{ net.Conn }{c}, brw, err
}

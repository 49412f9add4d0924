package wsecho_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/sessiontest"
	"example.com/wsecho/wsecho/wsechotest/await"
	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// The kernel does not go on for minutes (FIN-WAIT-1) with a peer that the session has given up, whatever
// of the last bytes was on its way: none waited here.
func TestKernelGivesUpWithTheSession(t *testing.T) {
	leaktest.Slow(t)
	t.Parallel()
	for _, c := range []struct {
		end   sessiontest.End
		h     *wsecho.Handler
		begin func(*sessiontest.Both)
	}{
		{sessiontest.End{Code: 1011, Label: "pong_timeout"}, &wsecho.Handler{PingInterval: 2 * noStall, PongTimeout: 100 * time.Millisecond, CloseTimeout: 100 * time.Millisecond},
			func(*sessiontest.Both) {}},
		{sessiontest.End{Code: 1001, Label: "closed"}, &wsecho.Handler{PingInterval: -1, CloseTimeout: 100 * time.Millisecond},
			func(b *sessiontest.Both) { b.Session.Close(websocket.StatusGoingAway, "") }},
	} {
		t.Run(c.end.Label, func(t *testing.T) {
			t.Parallel()
			opened := make(chan struct{})
			c.h.OnOpen = func(*wsecho.Session, *http.Request) error { <-opened; return nil }
			b := sessiontest.Start(t, overTCP, c.h, false)
			if err := b.Peer.Deafen(); err != nil {
				t.Fatal(err)
			}
			if state := kernelState(t, b); state != "01" {
				t.Fatalf("the server's socket is in state %q: the test would show nothing", state)
			}
			close(opened)
			c.begin(b)
			b.CheckHooks(t, c.end)
			leftKernel(t, b)
		})
	}
}

// leftKernel waits until the kernel has forgotten the server's end of b, whose peer is still there and deaf or mute.
func leftKernel(t *testing.T, b *sessiontest.Both) {
	t.Helper()
	await.Poll(t, "the kernel has forgotten the server's socket", func() bool { return kernelState(t, b) == "" })
}

// kernelState is what /proc/net/tcp says of the server's end of b, in hexadecimal: 01 is ESTABLISHED. "": it is not there.
func kernelState(t *testing.T, b *sessiontest.Both) string {
	t.Helper()
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	port := func(a net.Addr) string { return fmt.Sprintf(":%04X", a.(*net.TCPAddr).Port) }
	server, client := port(b.Peer.Conn.RemoteAddr()), port(b.Peer.Conn.LocalAddr())
	for line := range strings.Lines(string(table)) {
		f := strings.Fields(line) // sl, local_address, rem_address, st
		if strings.HasSuffix(f[1], server) && strings.HasSuffix(f[2], client) {
			return f[3]
		}
	}
	return ""
}

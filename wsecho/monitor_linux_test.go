package wsecho_test

import (
	"context"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/wsechotest/child"
	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// The runtime's monitor sleeps while nothing runs, and a session must wake it: see readNow. What these tests have of their
// own would wake it as well, so that the server is a process with one processor and no timer, and its peers are another.

// monitorPeers tells TestMonitorPeers what to do, and where.
const monitorPeers, monitorAddress = "WSECHO_TEST_MONITOR_PEERS", "WSECHO_TEST_MONITOR_ADDRESS"

// servePeers serves h to other processes' peers, and holds that they end well.
func servePeers(t *testing.T, h *wsecho.Handler, which string) {
	t.Helper()
	runtime.GOMAXPROCS(1)
	h.PingInterval = -1
	wsecho.ParkAfter(h, time.Hour)
	srv := httptest.NewServer(h)
	defer srv.Close()
	defer h.Close()
	cmd := exec.Command(os.Args[0], "-test.run=^TestMonitorPeers$")
	cmd.Env = append(os.Environ(), monitorPeers+"="+which, monitorAddress+"="+srv.Listener.Addr().String())
	peers := child.Start(t, cmd)
	if code := peers.Ends(t); code != 0 {
		t.Errorf("the peers ended with %d: %s", code, peers.Output())
	}
}

// Peers that flood the only processor do not keep another waiting.
func TestFloodAndNeighbour(t *testing.T) {
	leaktest.Slow(t)
	if child.Alone(t) {
		servePeers(t, &wsecho.Handler{}, "flood")
	}
}

// Nor does a hook that computes: another's is run meanwhile.
func TestComputingHookAndNeighbour(t *testing.T) {
	leaktest.Slow(t)
	if !child.Alone(t) {
		return
	}
	var met atomic.Bool
	servePeers(t, &wsecho.Handler{OnMessage: func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
		if string(p) == "hello" {
			met.Store(true)
		}
		for begin := time.Now(); string(p) == "compute" && !met.Load() && time.Since(begin) < 30*time.Second; {
		}
		return wsecho.Echo(ctx, s, typ, p)
	}}, "compute")
}

// TestMonitorPeers is the other process of these tests, and nothing by itself.
func TestMonitorPeers(t *testing.T) {
	addr := os.Getenv(monitorAddress)
	if addr == "" {
		return
	}
	honest, others := openFromOutside(addr), make([]*peer.Peer, 40)
	for i := range others {
		others[i] = openFromOutside(addr)
	}
	time.Sleep(300 * time.Millisecond) // the monitor falls asleep within some 10
	if os.Getenv(monitorPeers) == "compute" {
		others[0].Send(peer.Text("compute"))
	} else {
		var flood []byte
		for range 5000 {
			flood = append(flood, peer.Text("flood")...)
		}
		for _, p := range others {
			go func() {
				for p.Send(flood) == nil {
				}
			}()
			go io.Copy(io.Discard, p.Conn)
		}
	}
	time.Sleep(300 * time.Millisecond)
	honest.Timeout = 5 * time.Second
	honest.Send(peer.Text("hello"))
	if m := honest.Next(); m != "text:hello" {
		fmt.Printf("the honest peer saw %q\n", m)
		os.Exit(1)
	}
	os.Exit(0)
}

package wsecho_test

import (
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/wsechotest/await"
	"example.com/wsecho/wsecho/wsechotest/child"
	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// As many as the limit of descriptors allows:
//
//	go test ./wsecho -run TestIdle -v -idle.sessions=10000
var idleSessions = flag.Int("idle.sessions", 1000, "how many sessions TestIdle opens")

// idleAddress tells TestIdlePeers where to go.
const idleAddress = "WSECHO_TEST_IDLE_ADDRESS"

// idleInterval is PingInterval: a thousand pings a second at most.
func idleInterval() time.Duration {
	return time.Duration(max(1000, *idleSessions)) * time.Millisecond
}

// Idle sessions have no goroutine and are pinged where they are. Their peers are another process, so
// that the limit of descriptors is that of the sessions alone.
func TestIdle(t *testing.T) {
	leaktest.Slow(t)
	if !child.Alone(t) {
		return
	}
	n := *idleSessions
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if uint64(n)+100 > limit.Cur {
		t.Fatalf("-idle.sessions=%d is too many for a limit of %d descriptors", n, limit.Cur)
	}
	h := &wsecho.Handler{PingInterval: idleInterval(), PongTimeout: time.Minute, CloseTimeout: time.Minute}
	wsecho.ParkAfter(h, 50*time.Millisecond)
	srv := httptest.NewServer(h)
	defer srv.Close()
	goroutines, memory := runtime.NumGoroutine(), memoryInUse()

	cmd := exec.Command(os.Args[0], "-test.run=^TestIdlePeers$", "-idle.sessions="+strconv.Itoa(n))
	cmd.Env = append(os.Environ(), idleAddress+"="+srv.Listener.Addr().String())
	peers := child.Start(t, cmd)

	peers.Says(t, "all are open", 1)
	idle := func() {
		t.Helper()
		const few = 20 // at a pong
		await.Poll(t, "all but a few are parked", func() bool { return wsecho.Lot(h).Len() >= n-few })
		await.Poll(t, "there are hardly any goroutines", func() bool { return runtime.NumGoroutine() <= goroutines+few })
	}
	idle()
	t.Logf("%d sessions, %d goroutines more, heap and stack a session %d bytes", n, runtime.NumGoroutine()-goroutines, (memoryInUse()-memory)/n)
	begin, cpu := time.Now(), cpuTime(t)
	peers.Says(t, "all were pinged once", 1)
	peers.Says(t, "all were pinged twice", 1)
	t.Logf("CPU %.2f %%, with a ping a session each %v", 100*float64(cpuTime(t)-cpu)/float64(time.Since(begin)), idleInterval())
	idle()
	if st := h.Stats(); st.Open != n || total(st.Ended) != 0 {
		t.Errorf("%+v", st)
	}
	if err := h.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	peers.Says(t, fmt.Sprintf("%d were told to go away", n), 1)
	t.Log("no ping was off by more than", peers.Says(t, "no ping was off by more than", 1))
	if code := peers.Ends(t); code != 0 {
		t.Errorf("the peers ended with %d", code)
	}
}

func memoryInUse() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapInuse + m.StackInuse)
}

func cpuTime(t *testing.T) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// openFromOutside opens a session from another process than the server's, which ends if that fails.
func openFromOutside(addr string) *peer.Peer {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	p, answer, err := peer.Handshake(c, peer.Request{})
	if err != nil || answer.StatusCode != http.StatusSwitchingProtocols {
		fmt.Fprintln(os.Stderr, "handshake:", err, answer)
		os.Exit(1)
	}
	return p
}

// TestIdlePeers is the other process of TestIdle, and nothing by itself.
func TestIdlePeers(t *testing.T) {
	addr := os.Getenv(idleAddress)
	if addr == "" {
		return
	}
	var (
		n             = *idleSessions
		dials         = make(chan bool, 32) // at once
		opened, ended sync.WaitGroup
		pinged        [2]sync.WaitGroup // by how often
		told          atomic.Int64
		off           atomic.Int64 // the most that a ping was early or late, against the one before
	)
	opened.Add(n)
	for i := range pinged {
		pinged[i].Add(n)
	}
	for range n {
		dials <- true
		ended.Go(func() {
			p := openFromOutside(addr)
			defer p.Close()
			<-dials
			opened.Done()
			p.Timeout = time.Hour
			var last time.Time
			for pings := 0; ; {
				switch m := p.Next(); m {
				case "ping:":
					now := time.Now()
					if pings < len(pinged) {
						pinged[pings].Done()
					}
					if pings++; pings > 1 {
						d := int64((now.Sub(last) - idleInterval()).Abs())
						for o := off.Load(); d > o && !off.CompareAndSwap(o, d); o = off.Load() {
						}
					}
					last = now
				case "close:1001":
					told.Add(1)
				case "eof":
					return
				default:
					fmt.Fprintf(os.Stderr, "a peer saw %q after %d pings\n", m, pings)
					os.Exit(1) // or the others would wait for its pings
				}
			}
		})
	}
	opened.Wait()
	fmt.Println("all are open")
	pinged[0].Wait()
	fmt.Println("all were pinged once")
	pinged[1].Wait()
	fmt.Println("all were pinged twice")
	ended.Wait()
	fmt.Println(told.Load(), "were told to go away")
	fmt.Println("no ping was off by more than", time.Duration(off.Load()))
}

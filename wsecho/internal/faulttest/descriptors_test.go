package faulttest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/wsechotest/await"
	"example.com/wsecho/wsecho/wsechotest/child"
	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// figures are what a starved server says of itself.
type figures struct {
	wsecho.Stats
	Goroutines int
}

// starvedServer is the role of a server that may open few files. It prints its address, and its
// figures for each line that it reads: that needs no descriptor.
func starvedServer(args []string) {
	slog.SetLogLoggerLevel(slog.LevelError)
	limit, _ := strconv.ParseUint(args[0], 10, 64)
	max, _ := strconv.Atoi(args[1])
	h := &wsecho.Handler{MaxSessions: max}
	mux := http.NewServeMux()
	mux.Handle("/ws", h)
	srv := httptest.NewServer(mux)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("address", srv.Listener.Addr())
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		b, _ := json.Marshal(figures{h.Stats(), runtime.NumGoroutine()})
		fmt.Printf("figures %s\n", b)
	}
}

// starved is such a server, and the nth time that it is asked.
type starved struct {
	*child.Process
	in   io.Writer
	addr string
	n    int
}

func startStarved(t *testing.T, limit, maxSessions int) *starved {
	t.Helper()
	cmd := self("server", fmt.Sprint(limit), fmt.Sprint(maxSessions))
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	p := child.Start(t, cmd)
	return &starved{Process: p, in: in, addr: p.Says(t, "address", 1)}
}

func (s *starved) figures(t *testing.T) (f figures) {
	t.Helper()
	s.n++
	fmt.Fprintln(s.in, "?")
	if err := json.Unmarshal([]byte(s.Says(t, "figures", s.n)), &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// rests waits until the server has nothing left of its sessions.
func (s *starved) rests(t *testing.T, before figures, descriptorsBefore int) {
	t.Helper()
	await.Poll(t, "the server rests", func() bool {
		f := s.figures(t)
		return f.Open == 0 && f.Goroutines <= before.Goroutines && len(leaktest.Descriptors(s.Cmd.Process.Pid)) <= descriptorsBefore
	})
}

// Nothing is left to accept with: who comes now waits, who is there stays, and as places come free
// those who wait get them.
func TestDescriptorsExhausted(t *testing.T) {
	t.Parallel()
	const limit = 100
	s := startStarved(t, limit, 0)
	before, fds := s.figures(t), len(leaktest.Descriptors(s.Cmd.Process.Pid))
	for range 2 { // the second round finds no trace of the first
		said := strings.Count(s.Output(), "too many open files")
		// All connect and send their handshakes, and the kernel takes them; not all are answered.
		answered, refused := make(chan *client, 2*limit), make(chan string, 2*limit)
		for i := range 2 * limit {
			go func() {
				p, answer, err := handshake(t, s.addr, fmt.Sprint(i))
				if err != nil || answer.StatusCode != http.StatusSwitchingProtocols {
					refused <- fmt.Sprint(answer, err)
					return
				}
				c := &client{Peer: p, name: fmt.Sprint("client", i), got: make(chan string, 1000)}
				go c.read()
				answered <- c
			}()
		}
		await.Poll(t, "the server runs out of descriptors, and has opened what it can", func() bool {
			open := s.figures(t).Open
			return strings.Count(s.Output(), "too many open files") > said && open > limit*3/4
		})
		for i := range 2 * limit {
			select {
			case r := <-refused:
				t.Fatalf("a handshake failed: %s", r)
			case c := <-answered:
				c.echoes(t, fmt.Sprint("guest ", i)) // the first while the server is out of descriptors
				c.Send(peer.Close(1000, ""))
				c.gets(t, "close:1000", "eof")
				c.Close() // its place goes to the next
			}
		}
		s.rests(t, before, fds)
	}
	if f := s.figures(t); f.Opened != 4*limit || f.Ended["peer"] != 4*limit || len(f.Refused) > 0 {
		t.Errorf("%+v, want %d opened, and each closed by its peer", f, 4*limit)
	}
}

// With MaxSessions below the limit the server says so, and never runs out.
func TestDescriptorsKept(t *testing.T) {
	t.Parallel()
	const limit, sessions, guests = 100, 60, 200
	s := startStarved(t, limit, sessions)
	before, fds := s.figures(t), len(leaktest.Descriptors(s.Cmd.Process.Pid))
	var inside []*client
	for i := range guests {
		p, answer, err := handshake(t, s.addr, fmt.Sprint(i))
		switch {
		case err != nil:
			t.Fatal(err)
		case i < sessions && answer.StatusCode == http.StatusSwitchingProtocols:
			c := &client{Peer: p, name: fmt.Sprint("client", i), got: make(chan string, 1000)}
			go c.read()
			inside = append(inside, c)
		case i >= sessions && answer.StatusCode == http.StatusServiceUnavailable && answer.Header.Get("Retry-After") != "":
			p.Close()
		default:
			t.Fatalf("guest %d: %s", i, answer.Status)
		}
	}
	for _, c := range inside {
		c.echoes(t, "inside")
		c.Close()
	}
	s.rests(t, before, fds)
	if f := s.figures(t); f.Opened != sessions || f.Refused["capacity"] != guests-sessions {
		t.Errorf("%+v, want %d opened, %d refused", f, sessions, guests-sessions)
	}
	if strings.Contains(s.Output(), "too many open files") {
		t.Error("the server ran out of descriptors")
	}
	dial(t, s.addr, "late").echoes(t, "recovered")
}

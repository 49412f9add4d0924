//go:build unix

package hub_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/hub"
	"example.com/wsecho/wsecho/wsechotest"
)

// BenchmarkDelivery is what it costs to bring a message to 30 members over TCP: by a Hub, and by the plain loop under a
// lock that it replaces, which has no order over topics, no memory and nothing for slow readers. cpu-ns/delivery
// is user and system time, the clients' reading included.
func BenchmarkDelivery(b *testing.B) {
	const members = 30
	data := []byte(`"` + fmt.Sprintf("%0100d", 0) + `"`)
	b.Run("hub", func(b *testing.B) {
		h := &hub.Hub{}
		defer h.Close()
		deliver(b, members, service(h, nil), func() {
			if err := h.Publish(b.Context(), hub.Message{Topic: "a", From: "u1", ID: "1." + time.Now().String()[11:29], Data: data}); err != nil {
				b.Error(err)
			}
		})
	})
	b.Run("loop", func(b *testing.B) {
		var mu sync.Mutex
		room := map[*wsecho.Session]bool{}
		n := 0
		sv := &wsecho.Handler{Subprotocols: []string{""}, OnOpen: func(s *wsecho.Session, _ *http.Request) error {
			mu.Lock()
			defer mu.Unlock()
			room[s] = true
			return s.TryWrite(websocket.MessageText, []byte("{}"))
		}}
		deliver(b, members, sv, func() {
			mu.Lock()
			defer mu.Unlock()
			n++
			p, err := json.Marshal(struct {
				At    int             `json:"at"`
				Topic string          `json:"topic"`
				ID    string          `json:"id"`
				From  string          `json:"from"`
				Data  json.RawMessage `json:"data"`
			}{n, "a", "1." + time.Now().String()[11:29], "u1", data})
			if err != nil {
				b.Error(err)
			}
			for s := range room {
				if err := s.TryWrite(websocket.MessageText, p); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

// BenchmarkUnheard is what it costs a node to take in a message that concerns none of its sessions.
func BenchmarkUnheard(b *testing.B) {
	h := &hub.Hub{}
	defer h.Close()
	connected, _ := dial(b, service(h, nil), "", "a")
	defer connected.conn.CloseNow()
	data := []byte(`"` + fmt.Sprintf("%0100d", 0) + `"`)
	before := cpu()
	for b.Loop() {
		if err := h.Publish(b.Context(), hub.Message{Topic: "b", From: "u1", Data: data}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(cpu()-before)/float64(b.N), "cpu-ns/message")
}

// deliver measures publish for that many clients of sv, four messages at a time.
func deliver(b *testing.B, members int, sv http.Handler, publish func()) {
	srv := httptest.NewServer(sv)
	defer srv.Close()
	var read atomic.Int64 // messages, over all clients
	for range members {
		c := dialTCP(b, srv.Listener.Addr().String())
		defer c.Close()
		go func() {
			for r := bufio.NewReader(c); ; read.Add(1) {
				if skipFrame(r) != nil {
					return
				}
			}
		}()
	}
	await := func(n int) {
		for read.Load() < int64(n) {
			runtime.Gosched()
			time.Sleep(20 * time.Microsecond)
		}
	}
	await(members) // the first frames
	runtime.GC()
	b.ResetTimer()
	before := cpu()
	for n := range b.N {
		if publish(); n%4 == 3 {
			await((n + 2) * members)
		}
	}
	await((b.N + 1) * members)
	b.ReportMetric(float64(cpu()-before)/float64(b.N*members), "cpu-ns/delivery")
}

// dialTCP opens a WebSocket in topic a.
func dialTCP(b *testing.B, addr string) net.Conn {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	fmt.Fprintf(c, "GET /?topic=a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
	head := make([]byte, 0, 512)
	for one := make([]byte, 1); len(head) < 4 || string(head[len(head)-4:]) != "\r\n\r\n"; head = append(head, one[0]) {
		if _, err := io.ReadFull(c, one); err != nil {
			b.Fatal(err)
		}
	}
	return c
}

// skipFrame reads a frame of a server, of less than 64 KiB.
func skipFrame(r *bufio.Reader) error {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	n := int(head[1])
	if n == 126 {
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return err
		}
		n = int(head[0])<<8 | int(head[1])
	}
	_, err := r.Discard(n)
	return err
}

// cpu returns the user and system time of this process.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkMembers joins 10,000 sessions, each to a room of its own and to one of all, and then says something in each
// room: memory and joins a second.
func BenchmarkMembers(b *testing.B) {
	const n = 10_000
	sessions := make(chan *wsecho.Session, n)
	sv := &wsecho.Handler{Subprotocols: []string{""}, PingInterval: -1, OnOpen: func(s *wsecho.Session, _ *http.Request) error {
		sessions <- s
		return nil
	}}
	var all []*wsecho.Session
	for range n {
		wsechotest.Dial(b, sv, "/", &websocket.DialOptions{})
		all = append(all, <-sessions)
	}
	rooms := make([]string, n)
	for i := range rooms {
		rooms[i] = fmt.Sprint("room/", i)
	}
	var joining time.Duration
	var member, message int
	b.ResetTimer()
	for range b.N {
		h := &hub.Hub{Encode: func(ev hub.Event) (websocket.MessageType, []byte) { // what is in the sessions' queues is not the Hub's
			return websocket.MessageText, nil
		}}
		h.Lag()
		empty := heap()
		members := make([]*hub.Member, n)
		began := time.Now()
		for i, s := range all {
			members[i] = h.Join(s, "", rooms[i], "all")
		}
		joining += time.Since(began)
		joined := heap()
		for i := range n {
			say(b, h, rooms[i], `"`+rooms[i]+fmt.Sprintf("%0100d", i)+`"`)
		}
		member += joined - empty
		message += heap() - joined
		for _, m := range members {
			m.Leave()
		}
		h.Close()
	}
	b.ReportMetric(float64(b.N*n)/joining.Seconds(), "joins/s")
	b.ReportMetric(float64(member)/float64(b.N*n), "B/member")
	b.ReportMetric(float64(message)/float64(b.N*n), "B/message")
}

// heap returns what is alive.
func heap() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

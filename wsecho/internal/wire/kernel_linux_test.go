package wire

import (
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/wsechotest/await"
	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// What the kernel knows of a peer.

// soon is how long after a ping the verdict is due in these tests, where it is to be that the peer is alive:
// nobody is stopped for as long.
const soon = 2500 * time.Millisecond

// flooded returns a Conn whose Message works until release is called or the connection ends, while so much of
// the peer's lies unread that it may have no room for a pong. The Message then writes "done".
func flooded(t *testing.T, over via, cfg *Config) (r *rig, release func()) {
	flood := peer.Binary(make([]byte, 8<<20)) // made first: it takes time
	enough := make(chan struct{})
	var once sync.Once
	r = start(t, over, cfg, func(r *rig, p string) {
		once.Do(func() {
			select {
			case <-enough:
			case <-r.Context().Done():
			}
			r.TryWrite(1, []byte("done"))
		})
	})
	r.sends(peer.Text("hello"))
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		r.peer.Send(flood) // it ends when it is read, or the connection is gone
	}()
	t.Cleanup(func() {
		r.peer.Close()
		<-sent
	})
	await.Poll(t, "the socket is full", func() bool {
		_, full := r.sock.Unread()
		return full
	})
	return r, func() { close(enough) }
}

// A peer whose pong finds no room, since a Message keeps what it sent from being read, lives on.
func TestNoRoomForPong(t *testing.T) {
	leaktest.Slow(t)
	t.Parallel()
	var peers sync.WaitGroup
	for _, over := range []via{viaTCP, viaUnix} {
		r, release := flooded(t, over, config(func(cfg *Config) { // no ping is on its way when a verdict is due
			cfg.PingInterval, cfg.PongTimeout, cfg.ReadLimit = soon*6/5, soon, -1
		}))
		peers.Go(func() {
			const pings = 2 // by then there has been a verdict
			for n := 0; ; n++ {
				if n == pings {
					release()
				}
				if m := r.peer.Next(); m == "text:done" && n >= pings {
					return
				} else if m != "ping:" {
					t.Errorf("%s: the peer saw %q after %d pings; end: %+v", over.name, m, n, r.reason())
					return
				}
			}
		})
	}
	peers.Wait()
}

// Nor is one dead that reads nothing until all of its own has been taken: its kernel has the ping.
func TestNoRoomForPongOfPeerThatWrites(t *testing.T) {
	leaktest.Slow(t)
	t.Parallel()
	for _, over := range []via{viaTCP, viaUnix} {
		t.Run(over.name, func(t *testing.T) {
			t.Parallel()
			r, release := flooded(t, over, config(func(cfg *Config) {
				cfg.PingInterval, cfg.PongTimeout, cfg.ReadLimit = soon, 50*time.Millisecond, -1
			}))
			defer release()
			verdicts := map[time.Duration]bool{} // each but the last puts the next off
			await.Poll(t, "verdict upon verdict", func() bool {
				verdicts[under(r, func() time.Duration { return r.keep.pongBy })] = true
				return len(verdicts) > 5 || r.reason() != nil
			})
			if e := r.reason(); e != nil {
				t.Errorf("ended: %v", e)
			}
		})
	}
}

// One whose kernel does not even take the ping is dead, however much of its own lies unread.
func TestPingThatNoKernelTakes(t *testing.T) {
	leaktest.Slow(t)
	t.Parallel()
	cfg := config(func(cfg *Config) {
		cfg.PingInterval, cfg.PongTimeout, cfg.ReadLimit = soon, 100*time.Millisecond, -1
	})
	r, _ := flooded(t, viaTCP, cfg)
	if err := r.peer.Deafen(); err != nil {
		t.Fatal(err)
	}
	r.endsAs("pong_timeout", ErrPongTimeout)
}

// buffered is TCP with so much of a kernel's buffer for what we send, and little for the peer to receive: 32 KiB, as
// with less its window opens late, by up to a second where the machine is busy.
func buffered(size int) via {
	return via{"TCP", func(t testing.TB) (client, server net.Conn) {
		client, server = pair(t, "tcp", "127.0.0.1:0")
		if err := errors.Join(client.(*net.TCPConn).SetReadBuffer(32<<10), server.(*net.TCPConn).SetWriteBuffer(size)); err != nil {
			t.Fatal(err)
		}
		return client, server
	}}
}

// Bytes that have left for the kernel do not escape WriteTimeout, though the peer sends pongs all the while:
// from a ping on it is watched whether its kernel takes any.
func TestKernelHoldsWhatPeerDoesNotTake(t *testing.T) {
	t.Parallel()
	r := start(t, buffered(4<<20), config(func(cfg *Config) {
		cfg.PingInterval, cfg.PongTimeout, cfg.WriteTimeout = 20*time.Millisecond, 20*time.Second, 200*time.Millisecond
	}), nil)
	if err := r.TryWrite(2, make([]byte, 160<<10)); err != nil { // for which a kernel has room as it comes
		t.Fatal(err)
	}
	if n := r.Counts().Queued; n != 0 {
		t.Fatalf("%d bytes are queued, not in the kernel", n)
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for !has(stop) && r.peer.Send(peer.Pong("")) == nil {
			time.Sleep(time.Millisecond)
		}
	}()
	r.endsAs("write_timeout", ErrWriteTimeout)
	await.Value(t, "the socket is closed", r.gone)
	close(stop)
	<-stopped
}

// A peer that takes a little of it within each WriteTimeout lives on, and gets all.
func TestKernelHoldsWhatPeerTakesSlowly(t *testing.T) {
	leaktest.Slow(t)
	t.Parallel()
	r := start(t, buffered(4<<20), config(func(cfg *Config) {
		cfg.PingInterval, cfg.WriteTimeout = soon/50, soon
	}), nil)
	const size = 200_000
	if err := r.TryWrite(2, make([]byte, size)); err != nil {
		t.Fatal(err)
	}
	r.peer.Conn.SetReadDeadline(time.Now().Add(time.Minute))
	const pieces = 30 // so that all takes longer than WriteTimeout
	p := make([]byte, size/pieces)
	for got := 0; got < size-pieces; got += len(p) {
		if _, err := io.ReadFull(r.peer.Conn, p); err != nil {
			t.Fatalf("after %d bytes: %v; end: %+v", got, err, r.reason())
		}
		time.Sleep(soon / 20)
	}
	if e := r.reason(); e != nil {
		t.Errorf("ended: %+v", e)
	}
}

// The kernel is told of more to come only where more comes: else it keeps the end back, for 200 ms. To a
// peer that has read all before, as much as its window takes has left when TryWrite returns.
func TestNothingIsKeptBack(t *testing.T) {
	r := start(t, viaTCP, config(), nil)
	for _, size := range []int{0, 1, 125, 1000, 15 << 10, 16 << 10, 20_000, 32 << 10, 40_000} {
		if err := r.TryWrite(2, make([]byte, size)); err != nil {
			t.Fatal(err)
		}
		if n := unsent(t, r.server); n > 0 {
			t.Errorf("of a message of %d bytes %d are kept back", size, n)
		}
		if m, err := r.peer.Read(); err != nil || len(m.Payload) != size {
			t.Fatalf("the peer saw %v, %v", m, err)
		}
	}
}

// unsent returns how much of what was written to c the kernel has not sent yet.
func unsent(t *testing.T, c net.Conn) (n int32) {
	t.Helper()
	const siocOutqnsd = 0x894b // SIOCOUTQNSD
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, fd, siocOutqnsd, uintptr(unsafe.Pointer(&n))); errno != 0 {
			t.Error(errno)
		}
	})
	return n
}

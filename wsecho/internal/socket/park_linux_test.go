package socket

import (
	"net"
	"syscall"
	"testing"

	"example.com/wsecho/wsecho/wsechotest/await"
	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// bell is a Waker that says so.
type bell chan struct{}

func (b bell) Wake() { b <- struct{}{} }

// A parked socket wakes its Waker when there is something to read, be it an EOF, each time once.
func TestPark(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			t.Parallel()
			var l Lot
			client, server := pair(t, network)
			var s Socket
			s.Init(server)
			woken := make(bell, 10)
			for round := range uint64(3) {
				if !s.Park(&l, woken) || l.Len() != 1 || l.Count() != round+1 {
					t.Fatalf("round %d: %d parked, %d times", round, l.Len(), l.Count())
				}
				client.Write([]byte("x"))
				await.Value(t, "a byte wakes it", woken)
				if l.Len() != 0 {
					t.Error("it counts as parked, and has been woken")
				}
				server.Read(make([]byte, 10))
			}
			s.Park(&l, woken)
			client.(interface{ CloseWrite() error }).CloseWrite()
			await.Value(t, "an EOF wakes it", woken)
			if !s.Park(&l, woken) { // the EOF is still there
				t.Fatal("not parked")
			}
			await.Value(t, "an EOF that is there wakes it", woken)
			if len(woken) > 0 {
				t.Error("woken twice")
			}
		})
	}
}

// What ends the reads of a socket wakes it where it is parked.
func TestParkedAndStopped(t *testing.T) {
	for name, stop := range map[string]func(*Socket){"StopReading": (*Socket).StopReading, "StopAll": (*Socket).StopAll} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var l Lot
			_, server := pair(t, "tcp")
			var s Socket
			s.Init(server)
			woken := make(bell, 1)
			s.Park(&l, woken)
			stop(&s)
			await.Value(t, "it is woken", woken)
		})
	}
}

// The kernel may refuse to watch one more socket, for a time. It is its owner's then, and can be parked later.
func TestParkRefused(t *testing.T) {
	t.Parallel()
	var l Lot
	epfd := func(fd int) (was int) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if !l.open() {
			t.Fatal("no epoll set")
		}
		was, l.epfd = l.epfd, fd
		return was
	}
	client, server := pair(t, "tcp")
	var s Socket
	s.Init(server)
	woken := make(bell, 10)

	good := epfd(-1)
	for range 2 {
		if s.Park(&l, woken) || l.Len() != 0 {
			t.Fatal("parked in a set that there is not")
		}
	}
	client.Write([]byte("x"))
	epfd(good)
	if len(woken) > 0 {
		t.Error("woken, and never parked")
	}
	if !s.Park(&l, woken) { // which adds it to the set, as no call before has
		t.Fatal("not parked")
	}
	await.Value(t, "the byte that was there wakes it", woken)

	server.Read(make([]byte, 1))
	epfd(-1)
	if s.Park(&l, woken) {
		t.Fatal("parked in a set that there is not")
	}
	epfd(good)
	if !s.Park(&l, woken) { // the set knows it from before
		t.Fatal("not parked")
	}
	client.Write([]byte("x"))
	await.Value(t, "a byte wakes it", woken)
}

// A socket that is closed cannot be parked.
func TestParkClosed(t *testing.T) {
	t.Parallel()
	var l Lot
	_, server := pair(t, "tcp")
	var s Socket
	s.Init(server)
	s.Close(false)
	if s.Park(&l, make(bell)) || l.Len() != 0 {
		t.Error("parked")
	}
}

// Sockets of which some are closed while others, with the same descriptors, are parked: none is ever woken
// for another. One goroutine watches them all, and ends when none is left.
func TestParkMany(t *testing.T) {
	t.Parallel()
	var l Lot
	const sockets = 30
	rounds := leaktest.Volume(5, 20, 20)
	for range rounds {
		type parkedSocket struct {
			client, server net.Conn
			woken          bell
		}
		var all []parkedSocket
		for range sockets {
			client, server := pair(t, "unix")
			var s Socket
			s.Init(server)
			p := parkedSocket{client, server, make(bell, 1)}
			if !s.Park(&l, p.woken) {
				t.Fatal("not parked")
			}
			all = append(all, p)
		}
		for i, p := range all {
			p.client.Write([]byte{byte(i)})
			await.Value(t, "it is woken", p.woken)
			var b [2]byte
			if n, err := p.server.Read(b[:]); n != 1 || b[0] != byte(i) || err != nil {
				t.Fatalf("%d: read %v, %v", i, b[:n], err)
			}
			for j, q := range all[i+1:] {
				if len(q.woken) > 0 {
					t.Fatalf("%d was woken for %d", i+1+j, i)
				}
			}
			p.server.Close() // its descriptor is free for the next round
			p.client.Close()
		}
	}
	if l.Len() != 0 || l.Count() != uint64(rounds*sockets) {
		t.Errorf("%d parked, %d times", l.Len(), l.Count())
	}
	if n, err := syscall.EpollWait(l.epfd, make([]syscall.EpollEvent, 1), 0); n != 0 || err != nil {
		t.Errorf("an event is left: %d, %v", n, err)
	}
}

// An event of a socket that has left wakes nobody, though another is parked in its slot by then.
func TestSlots(t *testing.T) {
	var l Lot
	first, second, third := make(bell), make(bell), make(bell)
	place, turn := l.take(first)
	if l.leave(place, turn) != first || l.leave(place, turn) != nil {
		t.Error("it leaves once")
	}
	again, next := l.take(second)
	if again != place {
		t.Errorf("slot %d is free, and %d taken", place, again)
	}
	if l.leave(place, turn) != nil {
		t.Error("its event wakes another")
	}
	if other, _ := l.take(third); other == again {
		t.Error("two are in one slot")
	}
	if l.leave(again, next) != second || l.Len() != 1 || l.Count() != 3 {
		t.Errorf("%d parked, %d times", l.Len(), l.Count())
	}
}

package socket

import (
	"os"
	"sync"
	"syscall"
)

// Lot is where parked sockets wait without a goroutine: in one epoll set, which is itself waited on through
// the runtime's poller, so that no thread blocks. The zero value is ready. Its goroutine lives while
// something is parked; its descriptors stay for good.
//
// Only readability wakes a parked socket; whoever wants it gone shuts its receiving side, which makes it
// readable. Only the reader closes a socket, and while that is parked there is none, so a descriptor in the
// set is never closed and reused; events carry a number all the same, never the descriptor.
type Lot struct {
	mu      sync.Mutex
	raw     syscall.RawConn // of epfd; nil until the first park, and set but once
	epfd    int
	parked  map[uint64]Waker
	last    uint64 // number given out
	running bool
}

const parking = true

const epollOneShot = 1 << 30 // missing from package syscall

// open makes the epoll set, unless there is one. It may fail for a time, for want of descriptors. Under mu.
func (l *Lot) open() bool {
	if l.raw != nil {
		return true
	}
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return false
	}
	syscall.SetNonblock(fd, true) // or os.NewFile makes a blocking file of it
	f := os.NewFile(uintptr(fd), "epoll")
	if l.raw, err = f.SyscallConn(); err != nil {
		f.Close()
		return false
	}
	l.epfd, l.parked = fd, map[uint64]Waker{}
	return true
}

// Len returns how many sockets are parked.
func (l *Lot) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.parked)
}

// Count returns how often a socket has been parked.
func (l *Lot) Count() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// Waker is told when a parked socket is readable: once, in a goroutine of its own.
type Waker interface{ Wake() }

// Park leaves the socket in the lot until it is readable. It is the reader's to call; after true the caller
// must touch neither the socket nor w: Wake may run already.
func (s *Socket) Park(l *Lot, w Waker) bool {
	l.mu.Lock()
	if !l.open() {
		l.mu.Unlock()
		return false
	}
	epfd := l.epfd
	l.last++
	n := l.last
	l.parked[n] = w
	l.mu.Unlock()
	var err error
	closed := s.raw.Control(func(fd uintptr) {
		event := &syscall.EpollEvent{
			Events: syscall.EPOLLIN | syscall.EPOLLRDHUP | epollOneShot,
			Fd:     int32(n), Pad: int32(n >> 32),
		}
		err = syscall.EpollCtl(epfd, syscall.EPOLL_CTL_MOD, int(fd), event) // the set may know it from the last time
		if err == syscall.ENOENT {
			err = syscall.EpollCtl(epfd, syscall.EPOLL_CTL_ADD, int(fd), event)
		}
	})
	parked := err == nil && closed == nil
	l.mu.Lock()
	defer l.mu.Unlock()
	if !parked { // for want of memory, or of epoll watches; nothing has woken it, so it is still the caller's
		delete(l.parked, n)
	} else if !l.running && len(l.parked) > 0 {
		l.running = true
		go l.watch()
	}
	return parked
}

// watch wakes the sockets that have become readable.
func (l *Lot) watch() {
	events := make([]syscall.EpollEvent, 128)
	for {
		n := 0
		l.raw.Read(func(fd uintptr) bool {
			n, _ = syscall.EpollWait(int(fd), events, 0)
			return n > 0
		})
		l.mu.Lock()
		for _, e := range events[:max(n, 0)] {
			number := uint64(uint32(e.Fd)) | uint64(uint32(e.Pad))<<32
			if w := l.parked[number]; w != nil {
				delete(l.parked, number)
				go w.Wake()
			}
		}
		l.running = len(l.parked) > 0
		on := l.running
		l.mu.Unlock()
		if !on {
			return
		}
	}
}

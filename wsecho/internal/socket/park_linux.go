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
// set is never closed and reused; events carry a slot and its turn all the same, never the descriptor.
type Lot struct {
	mu      sync.Mutex
	raw     syscall.RawConn // of epfd; nil until the first park, and set but once
	epfd    int
	slots   []slot // as many as were ever taken at once
	free    int32  // the first that is free; 0: none is. Slots are counted from 1
	parked  int    // how many are taken
	count   uint64 // how often one was taken
	running bool
}

// slot is where one socket is parked.
type slot struct {
	waker Waker // nil: it is free
	turn  int32 // how often it was taken: an event of an earlier socket wakes nobody
	next  int32 // while it is free: the next that is, or 0
}

// take finds a slot for w. Under mu.
func (l *Lot) take(w Waker) (place, turn int32) {
	if l.free == 0 {
		l.slots = append(l.slots, slot{})
		l.free = int32(len(l.slots))
	}
	place = l.free
	s := &l.slots[place-1]
	s.waker, s.turn = w, s.turn+1
	l.free, s.next = s.next, 0
	l.parked++
	l.count++
	return place, s.turn
}

// leave frees the slot of a socket that was parked, and returns its Waker; nil: it has been freed before. Under mu.
func (l *Lot) leave(place, turn int32) Waker {
	s := &l.slots[place-1]
	w := s.waker
	if w == nil || s.turn != turn {
		return nil
	}
	s.waker, s.next, l.free = nil, l.free, place
	l.parked--
	return w
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
	l.epfd = fd
	return true
}

// Len returns how many sockets are parked.
func (l *Lot) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.parked
}

// Count returns how often a socket has been parked.
func (l *Lot) Count() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.count
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
	place, turn := l.take(w)
	l.mu.Unlock()
	var err error
	closed := s.raw.Control(func(fd uintptr) {
		event := &syscall.EpollEvent{
			Events: syscall.EPOLLIN | syscall.EPOLLRDHUP | epollOneShot,
			Fd:     place, Pad: turn, // which the kernel gives back as they are
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
		l.leave(place, turn)
	} else if !l.running && l.parked > 0 {
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
			if w := l.leave(e.Fd, e.Pad); w != nil {
				go w.Wake()
			}
		}
		l.running = l.parked > 0
		on := l.running
		l.mu.Unlock()
		if !on {
			return
		}
	}
}

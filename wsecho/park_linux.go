package wsecho

import (
	"os"
	"sync"
	"syscall"
)

// lot is where the process's idle sessions wait without a goroutine: in one epoll set, which is
// itself waited on through the runtime's poller, so that no thread blocks.
//
// Only readability wakes a parked session; whoever wants it gone shuts its receiving side, which
// makes it readable. Only its own goroutine closes its socket, and a parked session has none, so a
// descriptor in the set is never closed and reused; events carry a number all the same, never the
// descriptor. The lot's goroutine lives while something is parked.
var lot parkingLot

type parkingLot struct {
	once sync.Once
	err  error
	raw  syscall.RawConn // of epfd
	epfd int

	mu      sync.Mutex
	parked  map[uint64]*Session
	last    uint64 // number given out
	running bool
}

const parking = true

const epollOneShot = 1 << 30 // missing from package syscall

func (l *parkingLot) open() {
	if l.epfd, l.err = syscall.EpollCreate1(syscall.EPOLL_CLOEXEC); l.err != nil {
		return
	}
	syscall.SetNonblock(l.epfd, true) // or os.NewFile makes a blocking file of it
	l.raw, l.err = os.NewFile(uintptr(l.epfd), "epoll").SyscallConn()
	l.parked = map[uint64]*Session{}
}

// park gives the session to the lot. After true the caller must not touch it: it may run already.
func park(s *Session) bool {
	l := &lot
	if l.once.Do(l.open); l.err != nil {
		return false
	}
	op := syscall.EPOLL_CTL_MOD // the set still knows the socket from the last time
	if !s.quiet.enrolled {
		op, s.quiet.enrolled = syscall.EPOLL_CTL_ADD, true
	}
	raw := s.sock.raw
	l.mu.Lock()
	l.last++
	n := l.last
	l.parked[n] = s
	if !l.running {
		l.running = true
		go l.watch()
	}
	l.mu.Unlock()
	var err error
	closed := raw.Control(func(fd uintptr) {
		err = syscall.EpollCtl(l.epfd, op, int(fd), &syscall.EpollEvent{
			Events: syscall.EPOLLIN | syscall.EPOLLRDHUP | epollOneShot,
			Fd:     int32(n), Pad: int32(n >> 32),
		})
	})
	if err == nil && closed == nil {
		return true
	}
	l.mu.Lock()
	delete(l.parked, n)
	l.mu.Unlock()
	return false
}

// watch wakes the sessions whose sockets have become readable.
func (l *parkingLot) watch() {
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
			if s := l.parked[number]; s != nil {
				delete(l.parked, number)
				go s.run(true)
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

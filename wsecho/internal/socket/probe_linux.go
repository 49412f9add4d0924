package socket

import (
	"syscall"
	"unsafe"
)

// What tests of the packages above need to know of the lot.

// Parked is how many sockets of the process are parked.
func Parked() int {
	lot.mu.Lock()
	defer lot.mu.Unlock()
	return len(lot.parked)
}

// Parkings is how often a socket of the process has been parked. It opens the lot, so that nobody does
// while tests look at it.
func Parkings() uint64 {
	lot.mu.Lock()
	defer lot.mu.Unlock()
	lot.open()
	return lot.last
}

// BreakLot makes every parking fail until it is mended.
func BreakLot() (mend func()) {
	set := func(fd int) (was int) {
		lot.mu.Lock()
		defer lot.mu.Unlock()
		lot.open()
		was, lot.epfd = lot.epfd, fd
		return was
	}
	fd := set(-1)
	return func() { set(fd) }
}

// Unsent is how much of what was written the kernel has not sent yet.
func (k *Socket) Unsent() (n int) {
	const siocOutqnsd = 0x894b // SIOCOUTQNSD
	k.raw.Control(func(fd uintptr) {
		var waiting int32
		syscall.Syscall(syscall.SYS_IOCTL, fd, siocOutqnsd, uintptr(unsafe.Pointer(&waiting)))
		n = int(waiting)
	})
	return n
}

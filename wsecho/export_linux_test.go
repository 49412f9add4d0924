package wsecho

import (
	"syscall"
	"unsafe"
)

// Parked is how many sessions of the process wait without a goroutine.
func Parked() int {
	lot.mu.Lock()
	defer lot.mu.Unlock()
	return len(lot.parked)
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

// Full says whether so much waits in the session's socket that its peer may be unable to send more.
func Full(s *Session) bool {
	_, full := s.sock.unread()
	return full
}

// Asked says whether the session's goroutine has been asked whether it can be spared, and has not answered.
func Asked(s *Session) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keep.asked
}

// Unsent is how much of what was written the session's kernel has not sent yet.
func Unsent(s *Session) (n int) {
	const siocOutqnsd = 0x894b // SIOCOUTQNSD
	s.sock.raw.Control(func(fd uintptr) {
		var waiting int32
		syscall.Syscall(syscall.SYS_IOCTL, fd, siocOutqnsd, uintptr(unsafe.Pointer(&waiting)))
		n = int(waiting)
	})
	return n
}

package socket

import (
	"syscall"
	"unsafe"
)

const msgMore = 0x8000 // MSG_MORE, missing from package syscall

// write writes to a socket. A more that is true says that what follows does so at once, and can share a packet.
func write(fd int, p []byte, more bool) (int, error) {
	if more {
		return syscall.SendmsgN(fd, p, nil, nil, msgMore|syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL)
	}
	return writeNow(fd, p)
}

// Unread returns how many bytes wait in a raw socket. It is full if the peer may be unable to send more.
func (s *Socket) Unread() (n int, full bool) {
	s.raw.Control(func(fd uintptr) {
		n = ioctl(fd, syscall.TIOCINQ)
		space, err := syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF)
		// Half of the buffer is for the kernel's own use, and the peer's window is not quite the rest.
		full = err != nil || n >= space/4
	})
	return n, full
}

// unacked returns how many bytes the kernel holds that the peer's has not taken.
func unacked(raw syscall.RawConn) (n int) {
	raw.Control(func(fd uintptr) { n = ioctl(fd, syscall.TIOCOUTQ) })
	return n
}

// ioctl returns the number that a request about a socket gives, 0 where it fails.
func ioctl(fd, request uintptr) int {
	var n int32
	syscall.Syscall(syscall.SYS_IOCTL, fd, request, uintptr(unsafe.Pointer(&n)))
	return int(n)
}

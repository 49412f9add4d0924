package socket

import (
	"syscall"
	"unsafe"
)

const msgMore = 0x8000 // MSG_MORE, the same on every architecture; missing from package syscall

// write writes to a socket. more: what follows does so at once, and can share a packet.
func write(fd int, p []byte, more bool) (int, error) {
	if more {
		return syscall.SendmsgN(fd, p, nil, nil, msgMore|syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL)
	}
	return writeNow(fd, p)
}

// Unread is how many bytes wait in the socket. full: so many that the peer may be unable to send more.
func (k *Socket) Unread() (n int, full bool) {
	k.raw.Control(func(fd uintptr) {
		var waiting int32
		syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TIOCINQ, uintptr(unsafe.Pointer(&waiting)))
		room, err := syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF)
		// Half of the buffer is for the kernel's own use, and the peer's window is not quite the rest.
		n, full = int(waiting), err != nil || int(waiting) >= room/4
	})
	return n, full
}

// Unacked is how many bytes the kernel holds that the peer's has not taken. A socket is writable again
// only once a third of its buffer, which may be megabytes, has left: less progress shows here alone.
func (k *Socket) Unacked() (n int) {
	if k.raw == nil {
		return 0
	}
	k.raw.Control(func(fd uintptr) {
		var waiting int32
		syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TIOCOUTQ, uintptr(unsafe.Pointer(&waiting)))
		n = int(waiting)
	})
	return n
}

//go:build unix && !linux

package socket

import "syscall"

// write has no MSG_MORE outside Linux.
func write(fd int, p []byte, _ bool) (int, error) { return writeNow(fd, p) }

// unacked cannot tell here.
func unacked(syscall.RawConn) int { return 0 }

// Unread can only tell here whether any byte waits in the socket, and takes it for full then.
func (s *Socket) Unread() (n int, full bool) {
	var b [1]byte
	s.raw.Control(func(fd uintptr) {
		n, _, _ = syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK)
	})
	return max(n, 0), n > 0
}

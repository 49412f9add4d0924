//go:build unix && !linux

package wsecho

import "syscall"

// write has no MSG_MORE outside Linux.
func write(fd int, p []byte, _ bool) (int, error) { return syscall.Write(fd, p) }

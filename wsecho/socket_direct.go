//go:build linux && !race && !msan && !asan

package wsecho

import (
	"syscall"
	"unsafe"
)

// readNow and writeNow are read(2) and write(2) on a socket that never makes them wait. The runtime is
// not told of a call so short: to let go of the processor and to take it again is a tenth of an echo
// (measured). The sanitizers watch package syscall's calls: see socket_told.go for their builds.
func readNow(fd int, p []byte) (int, error) {
	if len(p) > directMax {
		return syscall.Read(fd, p)
	}
	return direct(syscall.SYS_READ, fd, p)
}

func writeNow(fd int, p []byte) (int, error) {
	if len(p) > directMax {
		return syscall.Write(fd, p)
	}
	return direct(syscall.SYS_WRITE, fd, p)
}

// directMax is how much a call may copy while the runtime can neither stop this goroutine nor lend its
// processor to another: a message of 64 KiB with its header, some 10 µs' worth. Measured: at 64 KiB it
// saves a seventh.
const directMax = 72 << 10

func direct(call uintptr, fd int, p []byte) (int, error) {
	n, _, e := syscall.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	if e != 0 {
		return 0, e
	}
	return int(n), nil
}

//go:build linux && !386 && !s390x && !race && !msan && !asan

package socket

import (
	"syscall"
	"unsafe"
)

// readNow and writeNow read from and write to a socket and never wait, even were it a blocking one. The
// runtime is not told of a call so short, which saves a tenth of an echo (measured). Where that cannot be, see
// syscall_told.go: the sanitizers watch package syscall's calls, and two old architectures have no such calls.
//
// But a reader must tell some of its calls. The runtime's monitor, which preempts who works for long and polls the network
// while every processor is busy, goes to sleep when none is, and only a call that is told, a timer or a collection wakes
// it: without it 60 peers that flooded kept all others waiting for seconds, and so did a hook that computed. Not each call,
// as the monitor, once awake, looks around so often that an echo costs a tenth more.
func readNow(fd int, p []byte, tell bool) (int, error) {
	return transfer(syscall.SYS_RECVFROM, fd, p, tell)
}

func writeNow(fd int, p []byte) (int, error) { return transfer(syscall.SYS_SENDTO, fd, p, false) }

// directMax is how much a call may copy while the runtime can neither stop this goroutine nor lend its
// processor to another: a message of 64 KiB with its header, some 10 µs' worth. Measured: at 64 KiB it
// saves a seventh.
const directMax = 72 << 10

const transferFlags = syscall.MSG_DONTWAIT | syscall.MSG_NOSIGNAL

func transfer(call uintptr, fd int, p []byte, tell bool) (int, error) {
	var n uintptr
	var e syscall.Errno
	if len(p) <= directMax && !tell {
		n, _, e = syscall.RawSyscall6(call, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), transferFlags, 0, 0)
	} else {
		n, _, e = syscall.Syscall6(call, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), transferFlags, 0, 0)
	}
	if e != 0 {
		return 0, e
	}
	return int(n), nil
}

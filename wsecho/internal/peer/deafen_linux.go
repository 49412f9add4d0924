package peer

import (
	"errors"
	"net"
	"syscall"
	"unsafe"
)

// Deafen has the kernel drop whatever comes for a Peer over TCP, as if the cable had been cut: the other side
// hears nothing more, not even that its bytes have come.
func (p *Peer) Deafen() error {
	c, ok := p.Conn.(*net.TCPConn)
	if !ok {
		return errors.ErrUnsupported
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	none := syscall.SockFilter{Code: syscall.BPF_RET | syscall.BPF_K} // of a packet is let through
	program := syscall.SockFprog{Len: 1, Filter: &none}
	control := raw.Control(func(fd uintptr) {
		bytes := unsafe.String((*byte)(unsafe.Pointer(&program)), unsafe.Sizeof(program))
		err = syscall.SetsockoptString(int(fd), syscall.SOL_SOCKET, syscall.SO_ATTACH_FILTER, bytes)
	})
	return errors.Join(control, err)
}

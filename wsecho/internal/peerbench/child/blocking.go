package child

import (
	"errors"
	"net"
	"os"
	"syscall"
	"time"
)

// A BlockingConn is read by a system call that blocks, out of sight of the runtime's poller. In the poller each of a thousand
// deliveries could wake the one goroutine that reads them all, and the kernel charges a wake-up to who writes: the server's
// figure would be about how the two processes happen to take turns.
type BlockingConn struct {
	net.Conn // closed: its addresses
	file     *os.File
}

// NewBlocking takes c over, which must be a *net.TCPConn.
func NewBlocking(c net.Conn) (*BlockingConn, error) {
	defer c.Close()
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		return nil, err
	}
	var fd int
	var failed error
	if err := raw.Control(func(own uintptr) { fd, failed = syscall.Dup(int(own)) }); err != nil {
		return nil, err
	}
	if failed != nil {
		return nil, failed
	}
	if err := syscall.SetNonblock(fd, false); err != nil { // before os.NewFile, which hands others to the poller
		return nil, err
	}
	return &BlockingConn{c, os.NewFile(uintptr(fd), "listener")}, nil
}

// Write writes p whole.
func (c *BlockingConn) Write(p []byte) (int, error) { return c.file.Write(p) }

// Close closes the connection.
func (c *BlockingConn) Close() error { return c.file.Close() }

// Read fails with os.ErrDeadlineExceeded when SetDeadline's time is over.
func (c *BlockingConn) Read(p []byte) (int, error) {
	n, err := c.file.Read(p)
	if errors.Is(err, syscall.EAGAIN) { // SO_RCVTIMEO
		err = os.ErrDeadlineExceeded
	}
	return n, err
}

// SetDeadline is how long each read may take from now on, which is less strict than net.Conn's.
func (c *BlockingConn) SetDeadline(t time.Time) error {
	wait := syscall.NsecToTimeval(time.Until(t).Nanoseconds())
	return syscall.SetsockoptTimeval(int(c.file.Fd()), syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &wait)
}

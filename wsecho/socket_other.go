//go:build !unix

package wsecho

import (
	"errors"
	"net"
	"syscall"
)

// Elsewhere every connection is plain.

func rawConn(net.Conn) syscall.RawConn { return nil }

type rawReader struct{}

func (*rawReader) init(*reader) {}

func (*rawReader) read(syscall.RawConn, bool) (int, error) { return 0, errors.ErrUnsupported }

func writeRaw(syscall.RawConn, []byte, bool, bool) (int, error) {
	return 0, errors.ErrUnsupported
}

func (*socket) unacked() int { return 0 }

func (*socket) unread() (n int, full bool) { return 0, false }

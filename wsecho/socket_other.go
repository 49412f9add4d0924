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

func writeRaw(_ syscall.RawConn, _ []byte, wait, more bool) (int, error) {
	return 0, errors.ErrUnsupported
}

func (*socket) unread() (some, asked bool) { return false, false }

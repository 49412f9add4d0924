//go:build !unix

package socket

import (
	"errors"
	"net"
	"syscall"
)

// Elsewhere every connection is plain.

// rawConn finds no descriptor.
func rawConn(net.Conn) syscall.RawConn { return nil }

func (*Reader) initRaw() {}

func (*Reader) readRaw() (int, error) { return 0, errors.ErrUnsupported }

func writeRaw(syscall.RawConn, []byte, bool, bool) (int, error) {
	return 0, errors.ErrUnsupported
}

// unacked cannot tell here.
func unacked(syscall.RawConn) int { return 0 }

// Unread cannot tell here.
func (*Socket) Unread() (n int, full bool) { return 0, false }

//go:build unix

package socket

import (
	"io"
	"net"
	"sync"
	"syscall"
)

// rawConn is c's descriptor if c is the kernel's socket itself.
func rawConn(c net.Conn) syscall.RawConn {
	var raw syscall.RawConn
	switch c := c.(type) {
	case *net.TCPConn:
		raw, _ = c.SyscallConn()
	case *net.UnixConn:
		raw, _ = c.SyscallConn()
	}
	return raw
}

func (r *Reader) initRaw() { r.raw.try = r.tryRead }

// readRaw reads a raw socket. Every wait begins with a read that finds nothing: an EOF may already be there, with
// no further event to come.
func (r *Reader) readRaw() (int, error) {
	if err := r.sock.raw.Read(r.raw.try); err != nil {
		return 0, err
	}
	return int(r.raw.n), r.raw.err
}

// tryRead says whether RawConn.Read is done; if not, it waits for readability and tries again.
func (r *Reader) tryRead(fd uintptr) bool {
	p := r.buf.Space(false)
	n, err := readNow(int(fd), p, r.raw.tell)
	for err == syscall.EINTR {
		n, err = readNow(int(fd), p, r.raw.tell)
	}
	n, r.raw.tell = max(n, 0), false
	r.buf.Took(n)
	if n > 0 {
		r.raw.n, r.raw.err = int32(n), nil // a call takes less than 2 GiB
		return true
	}
	switch err {
	case nil:
		err = io.EOF
	case syscall.EAGAIN:
		r.waits()
		if r.raw.wait {
			return false
		}
		err = ErrNotReady
	}
	r.raw.n, r.raw.err = 0, err
	return true
}

// rawWriter is one write; pooled, as a closure a call would cost an allocation.
type rawWriter struct {
	p          []byte
	wait, more bool
	n          int
	err        error
	try        func(fd uintptr) bool
}

var rawWriterPool = sync.Pool{New: func() any {
	w := new(rawWriter)
	w.try = w.tryWrite
	return w
}}

// writeRaw writes what the socket takes of p. wait: until it has taken some; else it may take
// nothing. Nobody may write beside one that waits: RawConn.Write holds the descriptor's write lock.
// more: what follows does so at once, be it the end of the stream, and the two can share a packet.
func writeRaw(raw syscall.RawConn, p []byte, wait, more bool) (int, error) {
	w := rawWriterPool.Get().(*rawWriter)
	w.p, w.wait, w.more = p, wait, more
	err := raw.Write(w.try)
	n := w.n
	if err == nil {
		err = w.err
	}
	w.p, w.n, w.err = nil, 0, nil
	rawWriterPool.Put(w)
	return n, err
}

func (w *rawWriter) tryWrite(fd uintptr) bool {
	w.n, w.err = write(int(fd), w.p, w.more)
	for w.err == syscall.EINTR {
		w.n, w.err = write(int(fd), w.p, w.more)
	}
	w.n = max(w.n, 0)
	if w.err != syscall.EAGAIN {
		return true
	}
	w.err = nil
	return !w.wait
}

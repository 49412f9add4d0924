package wsecho

import (
	"crypto/tls"
	"net"
	"sync"
	"syscall"
)

// socket is the connection below. Where it is the kernel's own (raw is not nil) it is read and
// written around net.Conn, without ever waiting with a buffer or a lock in hand; see socket_unix.go.
// Any other is plain: a type that wraps a TCP connection may override its Read.
type socket struct {
	net.Conn
	raw  syscall.RawConn
	gone []func() // called once it is closed
}

// detacher is a connection that a middleware has wrapped only to learn of its end, such as
// middleware.LimitPerClient's.
type detacher interface {
	Detach() (conn net.Conn, closed func())
}

func (k *socket) init(c net.Conn) {
	for d, ok := c.(detacher); ok; d, ok = c.(detacher) {
		var closed func()
		c, closed = d.Detach()
		k.gone = append(k.gone, closed)
	}
	k.Conn, k.raw = c, rawConn(c)
}

// end closes the connection. cut: without a word; tls.Conn.Close would write an alert, and may wait.
func (k *socket) end(cut bool) {
	c, encrypted := k.Conn.(*tls.Conn)
	if cut && encrypted {
		c.NetConn().Close()
	} else {
		k.Close()
	}
	for _, closed := range k.gone {
		closed()
	}
}

// plainChunk is how much a plain conn is given at once: progress shows only when Write returns.
const plainChunk = 16 << 10

// writeWait waits until some of p has been taken. Only the flusher calls it.
func (k *socket) writeWait(p []byte) (int, error) {
	if k.raw != nil {
		return writeRaw(k.raw, p, true, false)
	}
	return k.Write(p[:min(len(p), plainChunk)])
}

// closeWrite shuts the sending side and says whether that side can be shut alone. Over TLS it writes
// an alert, and may wait.
func (k *socket) closeWrite() bool {
	c, ok := k.Conn.(interface{ CloseWrite() error })
	return ok && c.CloseWrite() == nil
}

// closeRead makes a raw socket readable for good: a deadline does not wake a parked session, this does.
func (k *socket) closeRead() {
	if c, ok := k.Conn.(interface{ CloseRead() error }); ok && k.raw != nil {
		c.CloseRead()
	}
}

// noLinger keeps the kernel from trying for minutes to deliver what a lost peer does not take.
func (k *socket) noLinger() {
	c := k.Conn
	if encrypted, ok := c.(*tls.Conn); ok {
		c = encrypted.NetConn()
	}
	if c, ok := c.(*net.TCPConn); ok {
		c.SetLinger(0)
	}
}

// reader reads the socket into an input. A raw one asks the input for room only when there is
// something to read, and gives it back before it waits.
type reader struct {
	sock *socket
	in   *input
	raw  rawReader
}

var readerPool = sync.Pool{New: func() any {
	rd := new(reader)
	rd.raw.init(rd)
	return rd
}}

func newReader(k *socket, in *input) *reader {
	rd := readerPool.Get().(*reader)
	rd.sock, rd.in = k, in
	return rd
}

func (rd *reader) free() {
	rd.sock, rd.in = nil, nil
	readerPool.Put(rd)
}

// read waits for bytes, unless now is set: then a raw socket that has none gives errQuiet.
func (rd *reader) read(now bool) (int, error) {
	if rd.sock.raw != nil {
		return rd.raw.read(rd.sock.raw, now)
	}
	p := rd.in.room(true)
	n, err := rd.sock.Conn.Read(p)
	rd.in.last, rd.in.full = n, n == len(p)
	if n == 0 {
		rd.in.tidy()
	}
	return n, err
}

// Package socket is the connection below a WebSocket. Where that is the kernel's own socket it is read and
// written around net.Conn (raw_unix.go), without ever waiting with a buffer or a lock in hand, and can be
// parked: it then waits to be readable without a goroutine (park_linux.go). Any other net.Conn is plain.
//
// All that differs between operating systems is in this package.
package socket

import (
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"syscall"
	"time"
)

// Socket is one connection. Init comes first.
type Socket struct {
	conn     net.Conn
	raw      syscall.RawConn // nil: plain
	closed   []func()        // called once it is closed
	enrolled bool            // the parking lot's epoll set knows it; the reader's
}

// detacher is a connection that a middleware has wrapped only to learn of its end, such as
// middleware.LimitPerClient's.
type detacher interface {
	Detach() (conn net.Conn, closed func())
}

// Init takes c over.
func (k *Socket) Init(c net.Conn) {
	for d, ok := c.(detacher); ok; d, ok = c.(detacher) {
		var closed func()
		c, closed = d.Detach()
		k.closed = append(k.closed, closed)
	}
	k.conn, k.raw = c, rawConn(c)
}

// Raw says whether it is the kernel's own socket: TryWrite, Unread and Park are for such a one alone.
func (k *Socket) Raw() bool { return k.raw != nil }

// CanPark says whether Park may work.
func (k *Socket) CanPark() bool { return parking && k.raw != nil }

// past is a deadline that has passed.
var past = time.Unix(1, 0)

// SetWriteDeadline is net.Conn's.
func (k *Socket) SetWriteDeadline(t time.Time) { k.conn.SetWriteDeadline(t) }

// Interrupt ends the read that waits, if one does, and the next, with os.ErrDeadlineExceeded, until Resume.
func (k *Socket) Interrupt() { k.conn.SetReadDeadline(past) }

// Resume takes Interrupt back.
func (k *Socket) Resume() { k.conn.SetReadDeadline(time.Time{}) }

// GiveUp ends what waits to read for good, also where it is parked. Writes go on: over HTTP/2 a deadline of
// theirs that passes resets the stream, and with it what has been written.
func (k *Socket) GiveUp() {
	k.Interrupt()
	k.closeRead()
}

// Abort ends what waits to read or to write for good.
func (k *Socket) Abort() {
	k.conn.SetDeadline(past)
	k.closeRead()
}

// closeRead makes a raw socket readable for good: a deadline does not wake one that is parked, this does.
func (k *Socket) closeRead() {
	if c, ok := k.conn.(interface{ CloseRead() error }); ok && k.raw != nil {
		c.CloseRead()
	}
}

// CloseWrite shuts the sending side and says whether that side can be shut alone. Over TLS it writes an
// alert, and may wait: see Raw.
func (k *Socket) CloseWrite() bool {
	c, ok := k.conn.(interface{ CloseWrite() error })
	return ok && c.CloseWrite() == nil
}

// NoLinger keeps the kernel from trying for minutes to deliver what a lost peer does not take.
func (k *Socket) NoLinger() {
	c := k.conn
	if encrypted, ok := c.(*tls.Conn); ok {
		c = encrypted.NetConn()
	}
	if c, ok := c.(*net.TCPConn); ok {
		c.SetLinger(0)
	}
}

// Close closes the connection. abrupt: without a word; tls.Conn.Close would write an alert, and may wait.
// Only the reader may call it: a descriptor that is parked is then never closed, and reused by another.
func (k *Socket) Close(abrupt bool) {
	c, encrypted := k.conn.(*tls.Conn)
	if abrupt && encrypted {
		c.NetConn().Close()
	} else {
		k.conn.Close()
	}
	for _, closed := range k.closed {
		closed()
	}
}

// TryWrite writes what a raw socket takes at once, which may be nothing. more: what follows does so at once,
// be it the end of the stream, and the two can share a packet.
func (k *Socket) TryWrite(p []byte, more bool) (int, error) {
	return writeRaw(k.raw, p, false, more)
}

// plainChunk is how much a plain conn is given at once: progress shows only when Write returns.
const plainChunk = 16 << 10

// WriteSome waits until some of p has been taken. While it waits nobody else may write.
func (k *Socket) WriteSome(p []byte) (int, error) {
	if k.raw != nil {
		return writeRaw(k.raw, p, true, false)
	}
	return k.conn.Write(p[:min(len(p), plainChunk)])
}

// ErrNotReady is a Reader's error when there is nothing to read now.
var ErrNotReady = errors.New("wsecho: nothing to read")

// Buffer is where a Reader puts what it reads. It need not have any memory but between Room and Took.
type Buffer interface {
	// Room is where the next bytes go. plain: it will be held for as long as the read waits.
	Room(plain bool) []byte
	// Took follows each Room: n bytes of it have been filled. 0: it can go again.
	Took(n int)
}

// Reader reads a Socket into a Buffer. A raw socket asks for room only when there is something to read, and
// gives it back before it waits.
type Reader struct {
	sock *Socket
	buf  Buffer
	raw  rawReader
}

var readers = sync.Pool{New: func() any {
	rd := new(Reader)
	rd.raw.init(rd)
	return rd
}}

// NewReader is a Reader until Free.
func NewReader(k *Socket, b Buffer) *Reader {
	rd := readers.Get().(*Reader)
	rd.sock, rd.buf = k, b
	return rd
}

// Free ends the use of a Reader.
func (rd *Reader) Free() {
	rd.sock, rd.buf = nil, nil
	readers.Put(rd)
}

// Read waits for bytes, unless wait is false: then a raw socket that has none gives ErrNotReady.
func (rd *Reader) Read(wait bool) (int, error) {
	if rd.sock.raw != nil {
		return rd.raw.read(rd.sock.raw, wait)
	}
	n, err := rd.sock.conn.Read(rd.buf.Room(true))
	rd.buf.Took(n)
	return n, err
}

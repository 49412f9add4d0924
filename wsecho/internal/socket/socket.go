// Package socket is the connection below a WebSocket. Where that is the kernel's own socket it is read and
// written around net.Conn (raw_unix.go), without ever waiting with a buffer or a lock in hand, and can be
// parked: it then waits to be readable without a goroutine (park_linux.go). Any other net.Conn is plain.
//
// All that differs between operating systems is in this package.
package socket

import (
	"cmp"
	"crypto/tls"
	"net"
	"syscall"
	"time"
)

// Socket is one connection. Init comes first.
type Socket struct {
	conn     net.Conn
	raw      syscall.RawConn // nil: plain
	onClosed func()          // called once it is closed; nil: nobody asked
}

// detacher is a connection that a middleware has wrapped only to learn of its end. It hands out what it
// wraps, and a function that must be called once that has been closed; middleware.LimitPerClient documents
// this contract.
type detacher interface {
	Detach() (conn net.Conn, closed func())
}

// Init takes c over.
func (s *Socket) Init(c net.Conn) {
	for d, ok := c.(detacher); ok; d, ok = c.(detacher) {
		var closed func()
		c, closed = d.Detach()
		s.onClosed = both(closed, s.onClosed)
	}
	s.conn, s.raw = c, rawConn(c)
}

// both returns a function that calls the two; the second may be nil.
func both(first, second func()) func() {
	if second == nil {
		return first
	}
	return func() {
		first()
		second()
	}
}

// Raw says whether it is the kernel's own socket: TryWrite, Unread and Park are for such a one alone.
func (s *Socket) Raw() bool { return s.raw != nil }

// Local says whether the peer is on this machine for certain: over a Unix socket what has been written is in
// the peer's own receive queue, and Unacked counts the memory that it takes there until the peer reads it.
func (s *Socket) Local() bool {
	_, ok := s.conn.(*net.UnixConn)
	return ok
}

// CanPark says whether Park may work.
func (s *Socket) CanPark() bool { return parking && s.raw != nil }

// past is a deadline that has passed.
var past = time.Unix(1, 0)

// SetWriteDeadline is net.Conn's.
func (s *Socket) SetWriteDeadline(t time.Time) { s.conn.SetWriteDeadline(t) }

// Interrupt ends the read that waits, if one does, and the next, with os.ErrDeadlineExceeded, until Resume.
func (s *Socket) Interrupt() { s.conn.SetReadDeadline(past) }

// Resume takes Interrupt back.
func (s *Socket) Resume() { s.conn.SetReadDeadline(time.Time{}) }

// StopReading ends what waits to read for good, also where the socket is parked. Writes go on: over HTTP/2 a
// deadline of theirs that passes resets the stream, and with it what has been written.
func (s *Socket) StopReading() {
	s.Interrupt()
	s.closeRead()
}

// StopAll ends what waits to read or to write for good.
func (s *Socket) StopAll() {
	s.conn.SetDeadline(past)
	s.closeRead()
}

// closeRead makes a raw socket readable for good: a deadline does not wake one that is parked, this does.
func (s *Socket) closeRead() {
	if c, ok := s.conn.(interface{ CloseRead() error }); ok && s.raw != nil {
		c.CloseRead()
	}
}

type halfCloser interface{ CloseWrite() error }

// CloseWrite shuts the sending side and says whether that side can be shut alone. Over TLS it writes an
// alert, and may wait: see Raw. TCP's side is shut behind it, for peers that wait for a FIN.
func (s *Socket) CloseWrite() bool {
	c, ok := s.conn.(halfCloser)
	if !ok || c.CloseWrite() != nil {
		return false
	}
	if tcp, ok := s.beneath().(halfCloser); ok {
		tcp.CloseWrite()
	}
	return true
}

// beneath returns the connection that TLS runs over, nil if there is none.
func (s *Socket) beneath() net.Conn {
	if c, ok := s.conn.(*tls.Conn); ok {
		return c.NetConn()
	}
	return nil
}

// NoLinger keeps the kernel from trying for minutes to deliver what a lost peer does not take.
func (s *Socket) NoLinger() {
	if c, ok := cmp.Or(s.beneath(), s.conn).(*net.TCPConn); ok {
		c.SetLinger(0)
	}
}

// Unacked returns how many bytes the kernel holds that the peer's has not taken, 0 where it cannot be asked.
// A socket is writable again only once a third of its buffer, which may be megabytes, has left: less
// progress shows here alone.
func (s *Socket) Unacked() int {
	raw := s.raw
	if raw == nil {
		if raw = rawConn(s.beneath()); raw == nil {
			return 0
		}
	}
	return unacked(raw)
}

// Close closes the connection. If abrupt it says nothing: tls.Conn.Close would write an alert, and may wait.
// Only the reader may call it: see Lot.
func (s *Socket) Close(abrupt bool) {
	if c := s.beneath(); abrupt && c != nil {
		c.Close()
	} else {
		s.conn.Close()
	}
	if s.onClosed != nil {
		s.onClosed()
	}
}

// TryWrite writes what a raw socket takes at once, which may be nothing. A more that is true says that what
// follows does so at once, be it the end of the stream, so that the two can share a packet.
func (s *Socket) TryWrite(p []byte, more bool) (int, error) {
	return writeRaw(s.raw, p, false, more)
}

// plainChunk is how much a plain conn is given at once: progress shows only when Write returns.
const plainChunk = 16 << 10

// WriteSome waits until some of p has been taken. While it waits nobody else may write.
func (s *Socket) WriteSome(p []byte) (int, error) {
	if s.raw != nil {
		return writeRaw(s.raw, p, true, false)
	}
	return s.conn.Write(p[:min(len(p), plainChunk)])
}

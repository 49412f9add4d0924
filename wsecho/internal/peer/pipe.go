package peer

import (
	"net"
	"time"
)

// HalfPipe is a net.Pipe whose ends can shut down their sending side alone, as TCP's can.
func HalfPipe() (client, server net.Conn) {
	up, upEnd := net.Pipe()
	down, downEnd := net.Pipe()
	return &half{Conn: up, in: downEnd}, &half{Conn: down, in: upEnd}
}

// half sends over one pipe and receives over another.
type half struct {
	net.Conn // sends
	in       net.Conn
}

func (h *half) Read(p []byte) (int, error)        { return h.in.Read(p) }
func (h *half) CloseWrite() error                 { return h.Conn.Close() }
func (h *half) SetReadDeadline(t time.Time) error { return h.in.SetReadDeadline(t) }

func (h *half) SetDeadline(t time.Time) error {
	h.in.SetReadDeadline(t)
	return h.Conn.SetWriteDeadline(t)
}

func (h *half) Close() error {
	h.in.Close()
	return h.Conn.Close()
}

package main

import (
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"
)

// visitors is a load of clients that connect, perform the handshake, and close at once with code 1000.
type visitors struct {
	over route
	dial func() (net.Conn, error)
	wait time.Duration
}

func (v visitors) connect(p plan, addr string) (load, error) {
	return visitors{over: v.over, dial: v.over(addr), wait: p.patience}, nil
}

func (v visitors) run(d time.Duration) (int, error) {
	return together(16, d, func(_ int, stop *atomic.Bool) (count int, err error) {
		for {
			if err := v.visit(); err != nil {
				return count, err
			}
			count++
			if stop.Load() {
				return count, nil
			}
		}
	})
}

var (
	closing = []byte{0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8}
	closed  = []byte{0x88, 0x02, 0x03, 0xe8}
)

// visit also waits for the end of the connection: who closes first, the server has to (RFC 6455 section 7.1.1).
func (v visitors) visit() error {
	c, err := v.dial()
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(v.wait))
	if _, err := c.Write(closing); err != nil {
		return lost(err)
	}
	got := make([]byte, len(closed))
	if err := expect(c, got, closed); err != nil {
		return fmt.Errorf("close frame: %w", err)
	}
	if n, err := c.Read(got); n != 0 || err != io.EOF {
		return fmt.Errorf("after the close frame: %d bytes and %v, not EOF", n, err)
	}
	return nil
}

func (v visitors) Close() error { return nil }

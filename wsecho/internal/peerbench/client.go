package main

import (
	"bufio"
	"bytes"
	enc "encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"time"
)

// The key and its answer are those of RFC 6455, section 1.3.
const (
	key    = "dGhlIHNhbXBsZSBub25jZQ=="
	accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
)

// upgrade performs the handshake over c, a new connection to addr, and closes it if that fails. A server has ten seconds for it.
// extension is what it offers, which the server must select to the letter, if in an order of its own; "" for none.
func upgrade(c net.Conn, addr, extension string) (net.Conn, error) {
	c.SetDeadline(time.Now().Add(10 * time.Second))
	if err := handshake(c, addr, extension); err != nil {
		c.Close()
		return nil, fmt.Errorf("handshake: %w", err)
	}
	c.SetDeadline(time.Time{})
	return c, nil
}

func handshake(c net.Conn, addr, extension string) error {
	offer := ""
	if extension != "" {
		offer = "\r\nSec-WebSocket-Extensions: " + extension
	}
	_, err := c.Write([]byte("GET /ws HTTP/1.1\r\nHost: " + addr + "\r\nOrigin: http://" + addr + "\r\n" +
		"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key +
		"\r\nSec-WebSocket-Protocol: " + subprotocol + offer + "\r\n\r\n"))
	if err != nil {
		return err
	}
	in := bufio.NewReaderSize(c, 1024)
	r, err := http.ReadResponse(in, nil)
	if err != nil {
		return err
	}
	switch {
	case r.StatusCode != http.StatusSwitchingProtocols:
		return errors.New(r.Status)
	case r.Header.Get("Sec-WebSocket-Accept") != accept:
		return fmt.Errorf("wrong Sec-WebSocket-Accept %q", r.Header.Get("Sec-WebSocket-Accept"))
	case r.Header.Get("Sec-WebSocket-Protocol") != subprotocol:
		return fmt.Errorf("wrong Sec-WebSocket-Protocol %q", r.Header.Get("Sec-WebSocket-Protocol"))
	case !sameParams(r.Header.Get("Sec-WebSocket-Extensions"), extension):
		return fmt.Errorf("wrong Sec-WebSocket-Extensions %q", r.Header.Get("Sec-WebSocket-Extensions"))
	case in.Buffered() > 0:
		return errors.New("bytes after the response that nobody asked for")
	}
	return nil
}

// A batch is what a client sends with one write, and what has to come back.
type batch struct {
	send, want []byte
}

// newBatch makes n messages of size bytes. They, and those of every other seed, differ from each other.
func newBatch(seed uint64, n int, op byte, size int) batch {
	src := rand.New(rand.NewPCG(seed, uint64(size)))
	var b batch
	p := make([]byte, size)
	for range n {
		for i := range p {
			p[i] = byte(src.Uint32())
			if op == text {
				p[i] = ' ' + p[i]%('~'-' '+1)
			}
		}
		b.want = append(appendHeader(b.want, op, size, 0), p...)
		b.send = appendHeader(b.send, op, size, 0x80)
		var mask [4]byte
		enc.LittleEndian.PutUint32(mask[:], src.Uint32())
		b.send = append(b.send, mask[:]...)
		for i := range p {
			b.send = append(b.send, p[i]^mask[i%4])
		}
	}
	return b
}

// appendHeader appends the header of a whole message (RFC 6455 section 5.2) up to the mask key.
func appendHeader(b []byte, op byte, size int, mask byte) []byte {
	b = append(b, 0x80|op)
	switch {
	case size < 126:
		return append(b, mask|byte(size))
	case size < 1<<16:
		return enc.BigEndian.AppendUint16(append(b, mask|126), uint16(size))
	default:
		return enc.BigEndian.AppendUint64(append(b, mask|127), uint64(size))
	}
}

// expect reads as much as want from c into got, which has its size, and compares.
func expect(c net.Conn, got, want []byte) error {
	n, err := io.ReadFull(c, got)
	if bytes.Equal(got[:n], want[:n]) {
		return lost(err)
	}
	i := 0
	for got[i] == want[i] {
		i++
	}
	return fmt.Errorf("wrong echo: byte %d of %d is %#x, not %#x", i, len(want), got[i], want[i])
}

// lost says what the error of a read or write means; there may be none.
func lost(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("missing echo: %w", err)
	}
	return fmt.Errorf("connection lost: %w", err)
}

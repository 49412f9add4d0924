package main

import (
	"bytes"
	"compress/flate"
	enc "encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
)

// freshDeflate is permessage-deflate without context takeover (RFC 7692 section 7.1.1), which is all that every server here has.
const freshDeflate = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

// sameParams tells whether two extensions are the same, their parameters in any order.
func sameParams(a, b string) bool {
	parts := func(s string) []string {
		all := strings.Split(strings.ReplaceAll(s, " ", ""), ";")
		slices.Sort(all)
		return all
	}
	return slices.Equal(parts(a), parts(b))
}

// eitherFrame reads the frame of a whole message from c and returns it as it came, compressed or not. Inflated it must be plain, a
// frame too.
func eitherFrame(c net.Conn, plain []byte) ([]byte, error) {
	b := make([]byte, 4)
	if _, err := io.ReadFull(c, b[:2]); err != nil {
		return nil, lost(err)
	}
	switch {
	case b[0]&^rsv1 != plain[0]:
		return nil, fmt.Errorf("wrong echo: byte 0 is %#x, not %#x", b[0], plain[0])
	case b[1] > 126:
		return nil, errors.New("wrong echo: masked, or longer than it was")
	}
	n := int(b[1])
	if b = b[:2]; n == 126 {
		b = b[:4]
		if _, err := io.ReadFull(c, b[2:]); err != nil {
			return nil, lost(err)
		}
		n = int(enc.BigEndian.Uint16(b[2:]))
	}
	head := len(b)
	b = append(b, make([]byte, n)...)
	if _, err := io.ReadFull(c, b[head:]); err != nil {
		return nil, lost(err)
	}
	if b[0] == plain[0] {
		if !bytes.Equal(b, plain) {
			return nil, fmt.Errorf("wrong echo: %d bytes that were not sent", n)
		}
		return b, nil
	}
	// The sender has taken the last bytes of a flush off; a last block ends the stream.
	p, err := io.ReadAll(flate.NewReader(io.MultiReader(bytes.NewReader(b[head:]), strings.NewReader("\x00\x00\xff\xff\x01\x00\x00\xff\xff"))))
	switch {
	case err != nil:
		return nil, fmt.Errorf("wrong echo: %w", err)
	case !bytes.Equal(append(appendHeader(nil, plain[0]&0xf, len(p), 0), p...), plain):
		return nil, fmt.Errorf("wrong echo: %d bytes, inflated, that were not sent", len(p))
	}
	return b, nil
}

const rsv1 = 0x40

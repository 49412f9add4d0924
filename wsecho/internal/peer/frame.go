package peer

import (
	"bytes"
	"crypto/subtle"
	"encoding/binary"
	"math/rand/v2"
)

// The first byte of a frame: bits and opcodes (RFC 6455, section 5.2).
const (
	Fin  = 0x80
	RSV1 = 0x40
	RSV2 = 0x20
	RSV3 = 0x10

	OpContinuation = 0
	OpText         = 1
	OpBinary       = 2
	OpClose        = 8
	OpPing         = 9
	OpPong         = 10
)

// Frame is a frame as its fields say, right or wrong. The zero values of all but First are right.
type Frame struct {
	First    byte // bits and opcode
	Payload  []byte
	Unmasked bool
	Declared uint64 // the length in the header; 0: that of Payload
	Form     int    // bits that hold the length: 7, 16 or 64; 0: the fewest
}

// Bytes is the frame as it goes on the wire, masked with a key of its own.
func (f Frame) Bytes() []byte {
	n, form := f.Declared, f.Form
	if n == 0 {
		n = uint64(len(f.Payload))
	}
	if form == 0 {
		switch {
		case n < 126:
			form = 7
		case n < 1<<16:
			form = 16
		default:
			form = 64
		}
	}
	mask := byte(0x80)
	if f.Unmasked {
		mask = 0
	}
	b := make([]byte, 0, 14+len(f.Payload))
	switch b = append(b, f.First); form {
	case 7:
		b = append(b, mask|byte(n))
	case 16:
		b = binary.BigEndian.AppendUint16(append(b, mask|126), uint16(n))
	case 64:
		b = binary.BigEndian.AppendUint64(append(b, mask|127), n)
	}
	if f.Unmasked {
		return append(b, f.Payload...)
	}
	var key [4]byte
	binary.LittleEndian.PutUint32(key[:], rand.Uint32())
	b = append(b, key[:]...)
	head := len(b)
	b = append(b, f.Payload...)
	subtle.XORBytes(b[head:], f.Payload, bytes.Repeat(key[:], len(f.Payload)/4+1))
	return b
}

// Text is a text message in one frame.
func Text(s string) []byte { return Frame{First: Fin | OpText, Payload: []byte(s)}.Bytes() }

// Binary is a binary message in one frame.
func Binary(p []byte) []byte { return Frame{First: Fin | OpBinary, Payload: p}.Bytes() }

// Fragment is one frame of a message: its opcode for the first, OpContinuation for the others,
// and Fin in the last.
func Fragment(first byte, s string) []byte { return Frame{First: first, Payload: []byte(s)}.Bytes() }

// Ping is a ping.
func Ping(s string) []byte { return Frame{First: Fin | OpPing, Payload: []byte(s)}.Bytes() }

// Pong is a pong.
func Pong(s string) []byte { return Frame{First: Fin | OpPong, Payload: []byte(s)}.Bytes() }

// Close is a close frame with any code; 1005 leaves the body empty.
func Close(code int, reason string) []byte {
	if code == 1005 {
		return CloseBody(nil)
	}
	return CloseBody(append([]byte{byte(code >> 8), byte(code)}, reason...))
}

// CloseBody is a close frame with any body.
func CloseBody(p []byte) []byte { return Frame{First: Fin | OpClose, Payload: p}.Bytes() }

// Join puts frames one after the other, so that one Write sends them all.
func Join(frames ...[]byte) []byte {
	var b []byte
	for _, f := range frames {
		b = append(b, f...)
	}
	return b
}

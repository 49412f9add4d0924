// Package frame reads and writes the frames of RFC 6455, section 5: headers, masks, text that comes in
// pieces, close payloads. Everything here is a function of its arguments.
package frame

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/coder/websocket"
)

// Opcodes and header bits, RFC 6455 section 5.2.
const (
	Continuation, Text, Binary = 0x0, 0x1, 0x2
	Close, Ping, Pong          = 0x8, 0x9, 0xa
	Fin, RSV1, Mask            = 0x80, 0x40, 0x80

	MaxHeader      = 10  // bytes of a header that a server sends
	MaxControl     = 125 // bytes that a control frame may carry
	maxCloseReason = MaxControl - 2
)

// Header is the header of one frame from the client.
type Header struct {
	Fin, RSV1 bool
	Op        byte
	Len       int64  // bytes of payload
	Key       uint32 // the mask, in the byte order of memory
	Size      int    // bytes of the header itself; 0 while some of them are missing
}

// Error is what is wrong with a frame: the close code that it asks for, and why.
type Error struct {
	Code   websocket.StatusCode // StatusProtocolError or StatusInvalidFramePayloadData
	Reason string               // fit for a close frame
	Err    error                // what found it, if not this package
}

// Error says what is wrong, and what found it.
func (e *Error) Error() string {
	if e.Err != nil {
		return e.Reason + ": " + e.Err.Error()
	}
	return e.Reason
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

func violation(reason string) error {
	return &Error{Code: websocket.StatusProtocolError, Reason: reason}
}

// Invalid is the Error of data that is not what its message says it is.
func Invalid(reason string, err error) error {
	return &Error{Code: websocket.StatusInvalidFramePayloadData, Reason: reason, Err: err}
}

// ParseHeader reads the frame header at the start of b. What is wrong is said as soon as the byte
// that shows it is in; n is known (and may be judged) before the key is, while size is still 0.
// open: a fragmented message is under way. deflate: RSV1 may be set (RFC 7692 section 6).
func ParseHeader(b []byte, open, deflate bool) (h Header, err error) {
	if len(b) < 1 {
		return h, nil
	}
	h.Fin, h.RSV1, h.Op = b[0]&Fin != 0, b[0]&RSV1 != 0, b[0]&0xf
	data, control := h.Op == Text || h.Op == Binary, h.Op >= Close
	switch {
	case b[0]&0x30 != 0 || h.RSV1 && !(deflate && data):
		return h, violation("reserved bit set")
	case h.Op > Binary && !control || h.Op > Pong:
		return h, violation("reserved opcode")
	case control && !h.Fin:
		return h, violation("control frame fragmented")
	case h.Op == Continuation && !open:
		return h, violation("continuation of nothing")
	case data && open:
		return h, violation("new message inside a fragmented one")
	}
	if len(b) < 2 {
		return h, nil
	}
	n7 := b[1] & 0x7f
	switch {
	case b[1]&Mask == 0:
		return h, violation("frame not masked")
	case control && n7 > MaxControl:
		return h, violation("control frame longer than 125 bytes")
	}
	size := 2
	switch n7 {
	default:
		h.Len = int64(n7)
	case 126:
		if size = 4; len(b) < size {
			return h, nil
		}
		if h.Len = int64(binary.BigEndian.Uint16(b[2:])); h.Len < 126 {
			return h, violation("length not in its shortest form")
		}
	case 127:
		if len(b) > 2 && b[2]&0x80 != 0 {
			return h, violation("length with its top bit set")
		}
		if len(b) >= 8 && binary.BigEndian.Uint64(b)<<16 == 0 { // the first six of its eight bytes
			return h, violation("length not in its shortest form")
		}
		if size = 10; len(b) < size {
			return h, nil
		}
		h.Len = int64(binary.BigEndian.Uint64(b[2:]))
	}
	if len(b) >= size+4 {
		h.Key, h.Size = binary.LittleEndian.Uint32(b[size:]), size+4
	}
	return h, nil
}

// AppendHeader appends the header of a whole, unmasked frame of n bytes.
func AppendHeader(b []byte, op byte, n int) []byte {
	b = append(b, Fin|op)
	switch {
	case n < 126:
		return append(b, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	}
	return binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
}

// AppendClose appends a close frame; code and reason are fit to be sent. 1005 means no body.
func AppendClose(b []byte, code websocket.StatusCode, reason string) []byte {
	if code == websocket.StatusNoStatusRcvd {
		return append(b, Fin|Close, 0)
	}
	b = append(b, Fin|Close, byte(2+len(reason)), byte(code>>8), byte(code))
	return append(b, reason...)
}

// Unmask takes the mask off p in place and returns the key turned for the bytes that follow p.
func Unmask(p []byte, key uint32) uint32 {
	k := uint64(key)<<32 | uint64(key)
	for len(p) >= 32 { // four words a turn: half the time of one
		q := p[:32]
		binary.LittleEndian.PutUint64(q, binary.LittleEndian.Uint64(q)^k)
		binary.LittleEndian.PutUint64(q[8:], binary.LittleEndian.Uint64(q[8:])^k)
		binary.LittleEndian.PutUint64(q[16:], binary.LittleEndian.Uint64(q[16:])^k)
		binary.LittleEndian.PutUint64(q[24:], binary.LittleEndian.Uint64(q[24:])^k)
		p = p[32:]
	}
	for len(p) >= 8 {
		binary.LittleEndian.PutUint64(p, binary.LittleEndian.Uint64(p)^k)
		p = p[8:]
	}
	for i := range p {
		p[i] ^= byte(key)
		key = key>>8 | key<<24
	}
	return key
}

// ValidPrefix says how much of b is whole valid runes. ok is false once no continuation can mend it.
func ValidPrefix(b []byte) (n int, ok bool) {
	if utf8.Valid(b) {
		return len(b), true
	}
	for i := len(b) - 1; i >= max(0, len(b)-utf8.UTFMax+1); i-- {
		if utf8.RuneStart(b[i]) {
			return i, !utf8.FullRune(b[i:]) && utf8.Valid(b[:i])
		}
	}
	return 0, false
}

// Sendable says whether the code may stand in a close frame, RFC 6455 section 7.4 and the IANA registry.
func Sendable(c websocket.StatusCode) bool {
	return c >= 1000 && c <= 1003 || c >= 1007 && c <= 1014 || c >= 3000 && c <= 4999
}

// TruncateReason shortens a reason to what fits a close frame and is UTF-8.
func TruncateReason(reason string) string {
	for i, r := range reason {
		_, size := utf8.DecodeRuneInString(reason[i:])
		if r == utf8.RuneError && size == 1 || i+size > maxCloseReason {
			return reason[:i]
		}
	}
	return reason
}

// ParseClose reads the payload of the peer's close frame, of which a part may not be in yet. What is
// wrong is said as soon as the byte that shows it is in.
func ParseClose(p []byte, whole bool) (ce websocket.CloseError, err error) {
	switch {
	case len(p) == 0:
		return websocket.CloseError{Code: websocket.StatusNoStatusRcvd}, nil
	case len(p) == 1 && whole:
		return ce, violation("close payload of one byte")
	case len(p) == 1:
		return ce, nil
	}
	ce = websocket.CloseError{Code: websocket.StatusCode(binary.BigEndian.Uint16(p)), Reason: string(p[2:])}
	if !Sendable(ce.Code) {
		return ce, violation("close code that may not be sent")
	}
	if n, ok := ValidPrefix(p[2:]); !ok || whole && n < len(p)-2 {
		return ce, Invalid("close reason is not UTF-8", nil)
	}
	return ce, nil
}

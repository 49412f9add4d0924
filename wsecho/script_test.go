package wsecho_test

import (
	"bytes"
	"compress/flate"
	"strings"
	"unicode/utf8"

	"example.com/wsecho/wsecho/internal/peer"
)

// script makes a stream of frames from a fuzzer's bytes. Most of what it makes is legal whatever the
// bytes are, so that the fuzzer comes far, and each way to be illegal takes one byte.
type script struct {
	in      []byte // what is left of the fuzzer's bytes
	out     []byte
	deflate bool
	odd     bool // coder misreads some of it: what follows a final block, a deflate stream that is cut short

	open bool // a fragmented message is under way
	text bool // and is text
	at   int  // of that text, in runeStream

	inflated int // bytes that are compressed so far
}

// The sizes at which something changes: forms of length, buffers, limits.
var scriptSizes = []int{0, 1, 2, 3, 5, 14, 124, 125, 126, 127, 300, 498, 506, 512, 600, 4000, 16370, 16384, 20000, 65534, 65535, 65536}

const (
	scriptLimit = 65536                    // the ReadLimit of FuzzStreams
	scriptMax   = 300_000                  // bytes of a stream, and of what it inflates to
	scriptSteps = 500                      // and frames, or so: go test ends a fuzz target at 10 s an input, on a busy machine too
	runeStream  = "añ€😀\u07ff\U0010ffff z" // repeated without end
)

func (s *script) next() byte {
	if len(s.in) == 0 {
		return 0
	}
	b := s.in[0]
	s.in = s.in[1:]
	return b
}

// literal takes up to n bytes of the fuzzer's own.
func (s *script) literal(n int) []byte {
	n = min(n, len(s.in))
	p := s.in[:n]
	s.in = s.in[n:]
	return p
}

func (s *script) frame(f peer.Frame) { s.out = append(s.out, f.Bytes()...) }

// steps are the shapes of frames. The order is the corpus's: add at the end.
var steps = []func(*script){
	func(s *script) { s.data(peer.OpText, true) },
	func(s *script) { s.data(peer.OpText, false) },
	func(s *script) { s.data(peer.OpBinary, true) },
	func(s *script) { s.data(peer.OpBinary, false) },
	func(s *script) { s.control(peer.OpPing) },
	func(s *script) { s.control(peer.OpPong) },
	(*script).close,
	(*script).ownText,
	(*script).compressed,
	(*script).compressedByHand,
	(*script).wrong,
	func(s *script) { s.out = append(s.out, s.literal(1+int(s.next()%32))...) },
}

// run makes the stream.
func (s *script) run() []byte {
	for n := 0; n < scriptSteps && len(s.in) > 0 && len(s.out) < scriptMax && s.inflated < scriptMax; n++ {
		steps[int(s.next())%len(steps)](s)
	}
	return s.out
}

// data is a frame of a message: the next fragment if one is under way.
func (s *script) data(op byte, fin bool) {
	n := scriptSizes[int(s.next())%len(scriptSizes)]
	first := s.begin(op, fin)
	p := bytes.Repeat([]byte{byte(n), 0xff, 0, 0x80}, n/4+1)[:n]
	if s.text {
		from := s.at % len(runeStream)
		p = []byte(strings.Repeat(runeStream, n/len(runeStream)+2)[from : from+n])
		for s.at += n; fin && !utf8.RuneStart(runeStream[s.at%len(runeStream)]); s.at++ {
			p = append(p, runeStream[s.at%len(runeStream)])
		}
	}
	s.frame(peer.Frame{First: first, Payload: p})
}

// begin is the first byte of a message's next frame.
func (s *script) begin(op byte, fin bool) (first byte) {
	if s.open {
		op = peer.OpContinuation
	} else {
		s.text, s.at = op == peer.OpText, 0
	}
	if s.open = !fin; fin {
		op |= peer.Fin
	}
	return op
}

func (s *script) control(op byte) {
	n := s.next()
	p := s.literal(int(n % 8))
	if n >= 128 { // long
		p = bytes.Repeat([]byte{n}, int(n)-128)
	}
	s.frame(peer.Frame{First: peer.Fin | op, Payload: p[:min(len(p), 125)]})
}

// close is any body of a close frame.
func (s *script) close() {
	switch n := s.next(); n % 8 {
	case 0:
		s.out = append(s.out, peer.Close(1000, "bye")...)
	case 1:
		s.out = append(s.out, peer.Close(1005, "")...)
	case 2:
		s.out = append(s.out, peer.Close(990+int(s.next()), string(s.literal(3)))...)
	case 3:
		s.out = append(s.out, peer.Close(3000+int(s.next())*9, strings.Repeat("añ€", 20))...)
	default:
		s.out = append(s.out, peer.CloseBody(s.literal(int(n/8)))...)
	}
}

// ownText is a text frame of the fuzzer's own bytes.
func (s *script) ownText() {
	n := s.next()
	first := s.begin(peer.OpText, n&1 == 0)
	s.frame(peer.Frame{First: first, Payload: s.literal(int(n >> 2 % 16))})
}

// compressed is a message that is compressed as it should be, in one frame or in two with a ping between.
func (s *script) compressed() {
	size, how := scriptSizes[int(s.next())%len(scriptSizes)], s.next()
	if s.open || !s.deflate {
		return
	}
	p := []byte(strings.Repeat(runeStream, size/len(runeStream)+1))
	s.inflated += len(p)
	var z []byte
	switch how >> 4 % 8 {
	case 0: // text that is none
		z = peer.Deflate(append(p, 0xff))
	case 1: // no blocks but stored ones
		z = deflateAt(flate.NoCompression, p)
	case 2: // a final block behind which the message ends, with an empty one as RFC 7692 has it
		z, s.odd = append(peer.Finish(p), 0), true
	case 3: // final blocks in the middle
		for range 1 + how%4 {
			z = append(z, peer.Finish(p)...)
			s.inflated += len(p)
		}
		z, s.odd = append(z, peer.Deflate([]byte("end"))...), true
	case 6: // or without
		z, s.odd = peer.Finish(p), true
	case 7: // all of the flush
		z = append(peer.Deflate(p), 0, 0, 0xff, 0xff)
	default:
		z = peer.Deflate(p)
	}
	op := byte(peer.OpText)
	if how&1 > 0 {
		op = peer.OpBinary
	}
	s.odd = s.odd || len(p) > scriptLimit && how&2 > 0 // coder says so before the ping between
	s.compressedFrames(op, z, how)
}

func (s *script) compressedFrames(op byte, z []byte, how byte) {
	if how&2 == 0 {
		s.frame(peer.Frame{First: peer.Fin | peer.RSV1 | op, Payload: z})
		return
	}
	cut := len(z) * int(how>>2%4) / 3
	s.frame(peer.Frame{First: peer.RSV1 | op, Payload: z[:cut]})
	if how&128 > 0 {
		s.frame(peer.Frame{First: peer.Fin | peer.OpPing, Payload: []byte("between")})
	}
	s.frame(peer.Frame{First: peer.Fin | peer.OpContinuation, Payload: z[cut:]})
}

func deflateAt(level int, p []byte) []byte {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, level)
	w.Write(p)
	w.Flush()
	return bytes.TrimSuffix(b.Bytes(), []byte{0, 0, 0xff, 0xff})
}

// compressedByHand is a message whose compressed data are the fuzzer's own.
func (s *script) compressedByHand() {
	how := s.next()
	p := s.literal(int(how>>2) % 32)
	if s.open || !s.deflate {
		return
	}
	s.odd = true
	s.compressedFrames(peer.OpBinary, p, how)
}

// wrong is a frame of any first byte whose length may be in the wrong form, or a lie, or whose mask
// is missing.
func (s *script) wrong() {
	f := peer.Frame{First: s.next()}
	how := s.next()
	f.Payload = bytes.Repeat([]byte("w"), int(how>>5))
	switch how % 8 {
	case 0:
		f.Unmasked = true
	case 1:
		f.Form = 16
	case 2:
		f.Form = 64
	case 3:
		f.Declared = scriptLimit + 1 - uint64(how>>5)
	case 4:
		f.Declared = 1<<63 - uint64(how>>5)
	case 5:
		f.Declared, f.Form = 1<<63, 64
	case 6:
		f.Declared = 126
	}
	s.frame(f)
}

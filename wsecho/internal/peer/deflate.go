package peer

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"sync"
)

// Offer is the extension that a Peer offers when it wants compression. It never keeps a window
// of its own, so that each of its messages can be written by hand.
const Offer = "permessage-deflate; client_no_context_takeover"

// deflaters are kept, as one is 1.2 MB to make.
var deflaters = sync.Pool{New: func() any {
	w, _ := flate.NewWriter(nil, flate.BestCompression) // fails for a bad level only
	return w
}}

// Deflate compresses p as RFC 7692, section 7.2.1 says: a sync flush without its last four bytes.
func Deflate(p []byte) []byte {
	return bytes.TrimSuffix(deflate(p, (*flate.Writer).Flush), []byte(cutOff))
}

// Finish compresses p to blocks of which the last is final, as zlib's Z_FINISH does.
func Finish(p []byte) []byte { return deflate(p, (*flate.Writer).Close) }

func deflate(p []byte, end func(*flate.Writer) error) []byte {
	var b bytes.Buffer
	w := deflaters.Get().(*flate.Writer)
	defer deflaters.Put(w)
	w.Reset(&b)
	w.Write(p)
	end(w)
	return b.Bytes()
}

// cutOff is what a compressed message's sender takes off its end.
const cutOff = "\x00\x00\xff\xff"

// Compressed is a compressed message in one frame.
func Compressed(op byte, p []byte) []byte {
	return Frame{First: Fin | RSV1 | op, Payload: Deflate(p)}.Bytes()
}

// inflaters are kept, as one is 40 KB to make.
var inflaters = sync.Pool{New: func() any { return flate.NewReader(nil) }}

// inflate reads a message of the server, which may refer to what came before it.
func (p *Peer) inflate(b []byte) (out []byte, err error) {
	b = append(b, cutOff...)
	if p.Window > 0 {
		var farthest int
		if out, farthest, err = Inflate(p.window, b); err == nil && farthest > p.Window {
			err = fmt.Errorf("it refers %d bytes back", farthest)
		}
	} else {
		r := inflaters.Get().(io.ReadCloser)
		defer inflaters.Put(r)
		r.(flate.Resetter).Reset(bytes.NewReader(append(b, "\x01\x00\x00\xff\xff"...)), p.window) // and a last block
		out, err = io.ReadAll(r)
	}
	if p.window = append(p.window, out...); len(p.window) > 64<<10 {
		p.window = append(p.window[:0], p.window[len(p.window)-32<<10:]...)
	}
	return out, err
}

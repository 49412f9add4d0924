package peer

import (
	"bytes"
	"compress/flate"
	"io"
)

// Offer is the extension that a Peer offers when it wants compression. It never keeps a window
// of its own, so that each of its messages can be written by hand.
const Offer = "permessage-deflate; client_no_context_takeover"

// Deflate compresses p as RFC 7692, section 7.2.1 says: a sync flush without its last four bytes.
func Deflate(p []byte) []byte {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestCompression) // fails for a bad level only
	w.Write(p)
	w.Flush()
	return bytes.TrimSuffix(b.Bytes(), []byte{0, 0, 0xff, 0xff})
}

// Compressed is a compressed message in one frame.
func Compressed(op byte, p []byte) []byte {
	return Frame{First: Fin | RSV1 | op, Payload: Deflate(p)}.Bytes()
}

// inflate reads a message of the server, which may refer to the 32 KiB before it.
func (p *Peer) inflate(b []byte) ([]byte, error) {
	end := "\x00\x00\xff\xff" + "\x01\x00\x00\xff\xff" // what was cut off, and a last block
	out, err := io.ReadAll(flate.NewReaderDict(io.MultiReader(bytes.NewReader(b), bytes.NewReader([]byte(end))), p.window))
	p.window = append(p.window, out...)
	p.window = append([]byte(nil), p.window[max(0, len(p.window)-32<<10):]...)
	return out, err
}

package main

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"
)

func TestBareLoopEchoesFramesCutAnywhere(t *testing.T) {
	var frames batch
	for i, size := range []int{0, 1, 7, 8, 125, 126, 4083, 4096, 65535, 65536, 3} {
		b := newBatch(uint64(i), 2, binary, size)
		frames.send = append(frames.send, b.send...)
		frames.want = append(frames.want, b.want...)
	}
	frames.send = append(frames.send, closing...)
	frames.want = append(frames.want, closed...)
	for name, cut := range map[string]func(io.Reader) io.Reader{
		"whole":   func(r io.Reader) io.Reader { return r },
		"halves":  iotest.HalfReader,
		"single":  iotest.OneByteReader,
		"chunked": func(r io.Reader) io.Reader { return chunks{r} },
	} {
		in := cut(io.MultiReader(bytes.NewReader(frames.send), iotest.ErrReader(errors.New("read past the close frame"))))
		var got []byte
		bareLoop(in, func(p []byte) { got = append(got, p...) })
		if !bytes.Equal(got, frames.want) {
			t.Errorf("%s: %d bytes, not the %d wanted", name, len(got), len(frames.want))
		}
	}
}

// chunks reads at most 1460 bytes at once.
type chunks struct{ io.Reader }

func (c chunks) Read(p []byte) (int, error) { return c.Reader.Read(p[:min(len(p), 1460)]) }

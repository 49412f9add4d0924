package middleware

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
)

// maxRawHead bounds a response head that a handler writes itself.
const maxRawHead = 64 << 10

// rawHead serves handlers that hijack first and then write "HTTP/1.1 101 …" to the
// connection: it takes that head off the front of what they write, and answers the
// CONNECT with what it says. It is guarded by the stream's write lock.
type rawHead struct {
	w    *connectWriter
	seen []byte
	err  error // the first, and the last
}

// take adds p to the head. Once the head is complete it answers, and returns what in
// p comes after it.
func (h *rawHead) take(p []byte) (rest []byte, complete bool, err error) {
	if h.err != nil {
		return nil, false, h.err
	}
	rest, complete, h.err = h.add(p)
	return rest, complete, h.err
}

func (h *rawHead) add(p []byte) (rest []byte, complete bool, err error) {
	h.seen = append(h.seen, p...)
	head, rest, complete := bytes.Cut(h.seen, []byte("\r\n\r\n"))
	if !complete {
		if len(h.seen) > maxRawHead {
			return nil, false, fmt.Errorf("middleware.ExtendedConnect: no response head in the first %d bytes after Hijack", len(h.seen))
		}
		return nil, false, nil
	}
	resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(h.seen[:len(head)+4])), nil)
	if err != nil {
		return nil, false, fmt.Errorf("middleware.ExtendedConnect: response head after Hijack: %w", err)
	}
	// What the handler writes is the whole head, as it would be over HTTP/1.1.
	header := h.w.ResponseWriter.Header()
	clear(header)
	for name, values := range resp.Header {
		header[name] = values
	}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return rest, true, h.w.open()
	}
	h.w.answer(resp.StatusCode)
	if h.w.discard {
		return nil, false, fmt.Errorf("middleware.ExtendedConnect: %s after Hijack is not an upgrade", resp.Status)
	}
	return rest, true, nil
}

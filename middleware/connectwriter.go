package middleware

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"time"
)

// connectWriter is the ResponseWriter of one extended CONNECT: 101 becomes 200, and
// Hijack returns the stream instead of the TCP connection. It belongs to the handler's
// goroutine, until Hijack; if a rawHead answers then, it does so under the stream's
// write lock, and finish after it.
type connectWriter struct {
	http.ResponseWriter               // net/http's, or a middleware's around it
	connect             *http.Request // the extended CONNECT

	switching bool        // the handler said 101: Hijack answers
	answered  bool        // a final status has been sent
	discard   bool        // the response's body is not for the peer
	stream    *streamConn // nil until Hijack
	left      http.Header // what Header returns after Hijack
}

// There is no Unwrap: what is below cannot be hijacked, and who looks for that should stop here. These
// are for http.ResponseController. After Hijack the deadlines are the connection's.

func (w *connectWriter) SetReadDeadline(t time.Time) error {
	if w.stream != nil {
		return w.stream.SetReadDeadline(t)
	}
	return http.NewResponseController(w.ResponseWriter).SetReadDeadline(t)
}

func (w *connectWriter) SetWriteDeadline(t time.Time) error {
	if w.stream != nil {
		return w.stream.SetWriteDeadline(t)
	}
	return http.NewResponseController(w.ResponseWriter).SetWriteDeadline(t)
}

// Header returns a copy after Hijack: it may be called by a handler that has outlived
// ServeHTTP, when net/http's own is gone.
func (w *connectWriter) Header() http.Header {
	if w.stream != nil {
		return w.left
	}
	return w.ResponseWriter.Header()
}

// forHandler returns w as one that has Holds101, if Hijack can be relied on.
func (w *connectWriter) forHandler() http.ResponseWriter {
	type stream interface { // what streamConn wants of net/http's writer
		http.Flusher
		SetReadDeadline(time.Time) error
		SetWriteDeadline(time.Time) error
	}
	if _, ok := innermost(w.ResponseWriter).(stream); ok {
		return holdingWriter{w}
	}
	return w
}

// holdingWriter is a connectWriter whose Hijack does not fail.
type holdingWriter struct{ *connectWriter }

// Holds101 tells wsecho that a WriteHeader(101) is safe before Hijack, so that access logs see it, and whether one
// has come through what middleware has wrapped around w.
func (w holdingWriter) Holds101() bool { return w.switching }

// WriteHeader sends the status of a refusal. A 101 waits for Hijack, which may fail.
func (w *connectWriter) WriteHeader(code int) {
	switch {
	case w.stream != nil:
		// The stream is the session's, and the answer has been given or is its to give.
	case code == http.StatusSwitchingProtocols:
		w.switching = true
	case code < 200: // informational, and not the answer
		w.inform(code)
	default:
		w.answer(code)
	}
}

func (w *connectWriter) Write(p []byte) (int, error) {
	if w.stream != nil {
		return 0, http.ErrHijacked
	}
	w.answer(http.StatusOK) // unless there was a status
	if w.discard {
		return len(p), nil
	}
	return w.ResponseWriter.Write(p)
}

// Flush is for those who ask for an http.Flusher.
func (w *connectWriter) Flush() { w.FlushError() }

// FlushError is what http.ResponseController calls. It is here because the status
// that a flush implies has to pass through answer.
func (w *connectWriter) FlushError() error {
	if w.stream != nil {
		return http.ErrHijacked
	}
	if w.switching {
		return nil // Hijack answers: over HTTP/1.1 a 101 may be flushed before it
	}
	w.answer(http.StatusOK)
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// answer sends a final status that does not open a WebSocket, once.
func (w *connectWriter) answer(code int) {
	if w.answered {
		return
	}
	w.answered = true
	h := w.ResponseWriter.Header()
	withoutUpgrade(h)
	if code < 300 {
		// To the peer a 2xx would mean that the WebSocket is open. RFC 9220, section 3,
		// names 501 for a server that cannot do what the CONNECT asks.
		code, w.discard = http.StatusNotImplemented, true
		h.Del("Content-Length")
	}
	w.ResponseWriter.WriteHeader(code)
}

// open sends the 200 that opens the WebSocket (RFC 8441, section 5). Like the 101 that it stands for it has no
// content: a middleware outside must not begin to compress any. So what outside is told of it goes through the
// middleware there, but the flush goes to net/http's own writer, as the connection's bytes will: a compressor would
// begin its output with a flush, or keep the status back until there is something to compress. net/http sends
// 200 where none has reached it.
func (w *connectWriter) open() error {
	w.answered = true
	h := w.ResponseWriter.Header()
	withoutUpgrade(h)
	removeFields(h, contentFields)
	w.ResponseWriter.WriteHeader(http.StatusOK)
	removeFields(h, contentFields) // which it may have set for the content to come
	if err := http.NewResponseController(innermost(w.ResponseWriter)).Flush(); err != nil {
		return fmt.Errorf("middleware.ExtendedConnect: send the response header: %w", err)
	}
	return nil
}

// Hijack returns the stream as a net.Conn. If the handler has said 101, the WebSocket
// is open then; if not, it is once the handler has written its own response head.
func (w *connectWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if w.stream != nil {
		return nil, nil, http.ErrHijacked
	}
	if w.answered {
		return nil, nil, fmt.Errorf("middleware.ExtendedConnect: hijack after the response: %w", http.ErrHijacked)
	}
	// The session goes round the middleware outside, as after a real Hijack. Its
	// writes have to fail with net/http's error, which a wrapper's Flush may drop.
	s := newStreamConn(w.connect, innermost(w.ResponseWriter))
	// Server.ReadTimeout and WriteTimeout are armed for each stream.
	if err := s.clearDeadlines(); err != nil {
		return nil, nil, fmt.Errorf("middleware.ExtendedConnect: clear the deadlines of a %T: %w", s.w, err)
	}
	if w.switching {
		if err := w.open(); err != nil {
			return nil, nil, err
		}
	} else {
		s.head = &rawHead{w: w}
	}
	w.left = w.Header().Clone()
	w.stream = s
	c := newHijackedConn(s)
	return c, bufio.NewReadWriter(bufio.NewReader(c), bufio.NewWriter(c)), nil
}

// innermost returns net/http's writer.
func innermost(w http.ResponseWriter) http.ResponseWriter {
	for {
		wrapper, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return w
		}
		w = wrapper.Unwrap()
	}
}

// finish waits for the end of the connection, if there is one. It runs when the
// handler has returned; net/http ends the stream when finish has.
func (w *connectWriter) finish() {
	if w.stream != nil {
		<-w.stream.sending.ended
	}
	w.release()
	w.answer(http.StatusOK) // net/http's default; after it, nothing
}

// release closes the connection and returns when nobody touches the writer any more.
func (w *connectWriter) release() {
	if w.stream != nil {
		w.stream.release()
	}
}

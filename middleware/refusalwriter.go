package middleware

import (
	"bufio"
	"bytes"
	"net"
	"net/http"
	"strings"
)

// refusalWriter is the ResponseWriter of a handshake that CloseRefused watches. It keeps a refusal back, of whose body
// it needs the first line alone, and passes on every other answer.
type refusalWriter struct {
	http.ResponseWriter
	begun    bool   // an answer has been passed on, or the connection has gone
	status   int    // of a refusal; 0: none
	line     []byte // its body, up to lineMax
	complete bool   // line has all of the body's first line that counts
	encoded  bool   // the body is compressed
}

// lineMax is the longest reason of a close frame (RFC 6455, section 5.5).
const lineMax = 123

// Unwrap lets http.ResponseController reach the writer below.
func (w *refusalWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader keeps a refusal, the first, and passes on any other status.
func (w *refusalWriter) WriteHeader(code int) {
	switch {
	case w.status != 0:
	case !w.begun && code >= 400 && code <= 599:
		w.status = code
		w.encoded = w.Header().Get("Content-Encoding") != ""
	default:
		w.begun = w.begun || code >= 200 || code == http.StatusSwitchingProtocols
		w.ResponseWriter.WriteHeader(code)
	}
}

// Write keeps of a refusal's body what its reason needs, and takes all of it.
func (w *refusalWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.begun = true // with 200, as net/http has it
		return w.ResponseWriter.Write(p)
	}
	if !w.complete {
		line, _, found := bytes.Cut(p, []byte("\n"))
		kept := line[:min(len(line), lineMax-len(w.line))]
		w.line = append(w.line, kept...)
		w.complete = found || len(kept) < len(line)
	}
	return len(p), nil
}

// Flush is for those who ask for an http.Flusher.
func (w *refusalWriter) Flush() { w.FlushError() }

// FlushError is what http.ResponseController calls. A refusal is kept nevertheless.
func (w *refusalWriter) FlushError() error {
	if w.status != 0 {
		return nil
	}
	w.begun = true
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Hijack passes the connection on, unless the handshake has been refused.
func (w *refusalWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if w.status != 0 {
		return nil, nil, http.ErrHijacked
	}
	conn, brw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	w.begun = w.begun || err == nil
	return conn, brw, err
}

// reason returns the first line of the body as a close frame can have it.
func (w *refusalWriter) reason() string {
	if w.encoded {
		return ""
	}
	return strings.ToValidUTF8(strings.TrimSpace(string(w.line)), "")
}

// canHijack reports whether w, or what it wraps, gives its connection away.
func canHijack(w http.ResponseWriter) bool {
	for {
		if _, ok := w.(http.Hijacker); ok {
			return true
		}
		wrapper, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return false
		}
		w = wrapper.Unwrap()
	}
}

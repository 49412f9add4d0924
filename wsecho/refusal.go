package wsecho

import (
	"net/http"
	"strings"
	"unicode/utf8"
)

// refuse counts, logs and answers a handshake that fails.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, refusal *HandshakeError) {
	e := new(*refusal) // ErrorHandler's own: most refusals are shared
	e.describe(r)
	drop(w.Header(), upgradeHeaders)
	if overHTTP2(r) {
		e.prepareHTTP2(w.Header(), r)
	} else {
		e.prepareHTTP1(w.Header())
	}
	for _, field := range e.headers {
		w.Header().Set(field[0], field[1])
	}
	h.reg.countRefused(e.Check)
	h.logRefusal(r, e)
	if h.ErrorHandler != nil {
		h.ErrorHandler(w, r, e)
		return
	}
	http.Error(w, e.line, e.Status)
}

// prepareHTTP1 sets the headers that are the connection's. A proxy may have begun to tunnel with the request:
// what it passes on as frames must not be answered as requests, so the connection closes. "close" comes first
// and in a line of its own, as net/http looks no further.
func (e *HandshakeError) prepareHTTP1(header http.Header) {
	header.Set("Connection", "close")
	if e.Status == http.StatusUpgradeRequired { // RFC 9110 section 15.5.22
		header.Add("Connection", "Upgrade")
		header.Set("Upgrade", "websocket")
	}
}

// prepareHTTP2 makes e one that HTTP/2 can carry: it has neither Connection nor Upgrade (RFC 9113 section
// 8.2.2), and so no 426. A stream ends by itself, and the connection serves others: only a shutdown behind
// middleware.ExtendedConnect asks net/http for a GOAWAY, so that the client comes back on another connection.
func (e *HandshakeError) prepareHTTP2(header http.Header, r *http.Request) {
	if e.Status == http.StatusUpgradeRequired {
		e.Status = http.StatusBadRequest
	}
	if e.Check == refusedShutdown.Check && r.ProtoMajor < 2 {
		header.Set("Connection", "close")
	}
}

// overHTTP2 reports whether r came over HTTP/2 or later. Behind middleware.ExtendedConnect its Proto alone
// says so.
func overHTTP2(r *http.Request) bool {
	major, _, _ := http.ParseHTTPVersion(r.Proto)
	return max(major, r.ProtoMajor) >= 2
}

// describe sets what tells r's handshake from others.
func (e *HandshakeError) describe(r *http.Request) {
	e.Path, e.Host = excerpt(r.URL.Path), excerpt(r.Host)
	e.Origin = excerpt(strings.Join(r.Header["Origin"], ", "))
	e.Subprotocols = excerpt(strings.Join(r.Header["Sec-Websocket-Protocol"], ", "))
}

const excerptMax = 200 // bytes

// excerpt cuts s to excerptMax bytes, or some less where that would split a character of UTF-8. It is a copy
// if s is longer, so that an error that is kept does not keep a client's whole header.
func excerpt(s string) string {
	if len(s) <= excerptMax {
		return s
	}
	n := excerptMax
	for n > excerptMax-utf8.UTFMax && !utf8.RuneStart(s[n]) {
		n--
	}
	return strings.Clone(s[:n])
}

package wsecho

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"example.com/wsecho/wsecho/internal/header"
)

// HandshakeError says why a handshake was refused before the upgrade, and which one it was. What the client
// chose is cut to 200 bytes and otherwise as it came: escape it before it goes into a page or a line of text.
type HandshakeError struct {
	Status int // the HTTP status of the refusal

	// Check is the check that failed: shutdown, upgrade, method, body, version, key, origin, extensions,
	// subprotocol, capacity or hijack. Stats counts refusals by it.
	Check string

	Path         string // of the request's URL, without the query, which may hold secrets
	Origin       string // the Origin header; "": none
	Host         string // the service as the client calls it: the Host header
	Subprotocols string // those offered: Sec-WebSocket-Protocol, its lines joined by ", "; "": none

	line    string // what the client is told
	headers [][2]string
	err     error
}

// Error names the fault, and nothing that the client chose.
func (e *HandshakeError) Error() string { return "wsecho: handshake refused: " + e.line }

// Unwrap returns what made a hijack fail, if anything did.
func (e *HandshakeError) Unwrap() error { return e.err }

// The refusals that need nothing of the request to say what they say, in the order of the checks.
var (
	refusedShutdown = &HandshakeError{Status: http.StatusServiceUnavailable, Check: "shutdown",
		line: "shutting down", headers: [][2]string{{"Retry-After", "1"}}}
	refusedUpgrade = &HandshakeError{Status: http.StatusUpgradeRequired, Check: "upgrade",
		line: "this is a WebSocket endpoint"}
	refusedMethod = &HandshakeError{Status: http.StatusMethodNotAllowed, Check: "method",
		line: "the method of a handshake is GET", headers: [][2]string{{"Allow", "GET"}}}
	refusedBody = &HandshakeError{Status: http.StatusBadRequest, Check: "body",
		line: "a handshake has no body"}
	refusedVersion = &HandshakeError{Status: http.StatusUpgradeRequired, Check: "version",
		line: "the version of WebSocket spoken here is 13", headers: [][2]string{{"Sec-WebSocket-Version", "13"}}}
	refusedKey = &HandshakeError{Status: http.StatusBadRequest, Check: "key",
		line: "Sec-WebSocket-Key must be given once and be 16 bytes of base64"}
	refusedOrigin = &HandshakeError{Status: http.StatusForbidden, Check: "origin",
		line: "the Origin is not allowed"}
	refusedExtensions = &HandshakeError{Status: http.StatusBadRequest, Check: "extensions",
		line: "Sec-WebSocket-Extensions is malformed"}
	refusedOffer = &HandshakeError{Status: http.StatusBadRequest, Check: "subprotocol",
		line: "Sec-WebSocket-Protocol is malformed: it must list tokens, each once"}
	refusedCapacity = &HandshakeError{Status: http.StatusServiceUnavailable, Check: "capacity",
		line: "too many sessions", headers: [][2]string{{"Retry-After", "5"}}}
)

// check makes the checks of a handshake (RFC 6455 section 4.2.1) that the request alone decides.
func (h *Handler) check(r *http.Request) (subprotocol string, refusal *HandshakeError) {
	switch {
	case h.reg.shuttingDown():
		return "", refusedShutdown
	case !asksForUpgrade(r):
		return "", refusedUpgrade
	case r.Method != http.MethodGet:
		return "", refusedMethod
	case mayHaveBody(r):
		return "", refusedBody
	case !slices.Equal(r.Header["Sec-Websocket-Version"], []string{"13"}):
		return "", refusedVersion
	case !validKey(r.Header["Sec-Websocket-Key"]):
		return "", refusedKey
	case !h.allowsOrigin(r):
		return "", refusedOrigin
	case !header.ValidExtensions(r.Header["Sec-Websocket-Extensions"]):
		return "", refusedExtensions
	}
	return h.selectSubprotocol(r.Header["Sec-Websocket-Protocol"])
}

// asksForUpgrade reports whether r asks to go on as a WebSocket (RFC 6455 section 4.2.1, items 1, 3 and 4).
func asksForUpgrade(r *http.Request) bool {
	return r.ProtoAtLeast(1, 1) && header.HasToken(r.Header["Connection"], "upgrade") && header.HasToken(r.Header["Upgrade"], "websocket")
}

// mayHaveBody reports whether a body may follow the head of r. Its bytes would come before the frames (RFC
// 9110 section 7.8), and a proxy that knows them for a body would let frames pass unseen. A client that
// expects a 100 sends a body, or tells a proxy that it will.
func mayHaveBody(r *http.Request) bool {
	return r.ContentLength != 0 || len(r.TransferEncoding) > 0 || len(r.Header["Expect"]) > 0
}

// validKey reports whether keys, the lines of Sec-WebSocket-Key, are one nonce of 16 bytes.
func validKey(keys []string) bool {
	if len(keys) != 1 {
		return false
	}
	b, err := base64.StdEncoding.DecodeString(keys[0])
	return err == nil && len(b) == 16
}

// selectSubprotocol picks the first of those spoken that the client offers. A list that RFC 6455 section 4.1,
// item 10, does not allow is refused: what a proxy reads in it may be something else.
func (h *Handler) selectSubprotocol(lines []string) (subprotocol string, refusal *HandshakeError) {
	offered := map[string]bool{}
	for token, ok := range header.Tokens(lines) {
		if !ok || offered[token] {
			return "", refusedOffer
		}
		offered[token] = true
	}
	for _, subprotocol = range h.set.subprotocols {
		if offered[subprotocol] || subprotocol == "" && len(offered) == 0 {
			return subprotocol, nil
		}
	}
	return "", h.refusedSubprotocol()
}

// refusedSubprotocol names those spoken.
func (h *Handler) refusedSubprotocol() *HandshakeError {
	spoken := slices.DeleteFunc(slices.Clone(h.set.subprotocols), func(p string) bool { return p == "" })
	line := "no subprotocol in common; spoken here: " + strings.Join(spoken, ", ")
	if len(spoken) == 0 {
		line = "no subprotocol is spoken here"
	}
	return &HandshakeError{Status: http.StatusBadRequest, Check: "subprotocol", line: line}
}

// refusedHijack names the type of the writer that is in the way: the middleware to blame.
func refusedHijack(w http.ResponseWriter, err error) *HandshakeError {
	return &HandshakeError{Status: http.StatusNotImplemented, Check: "hijack",
		line: "the connection cannot be taken over here", err: fmt.Errorf("%T: %w", w, err)}
}

// refuse counts, logs and answers a handshake that fails.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, refusal *HandshakeError) {
	e := new(*refusal) // ErrorHandler's own: most refusals are shared
	e.describe(r)
	deleteFields(w.Header(), upgradeHeaders)
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

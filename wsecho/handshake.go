package wsecho

import (
	"encoding/base64"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
)

// HandshakeError says why a handshake was refused before the upgrade.
type HandshakeError struct {
	Status int    // the HTTP status of the refusal
	Check  string // shutdown, upgrade, method, version, key, origin, subprotocol, capacity or hijack

	line    string // what the client is told
	headers [][2]string
	err     error
}

func (e *HandshakeError) Error() string { return "wsecho: handshake refused: " + e.line }

// Unwrap returns what made a hijack fail, if anything did.
func (e *HandshakeError) Unwrap() error { return e.err }

// The refusals that need nothing of the request to say what they say, in the order of the checks.
var (
	refusedShutdown = &HandshakeError{Status: http.StatusServiceUnavailable, Check: "shutdown",
		line: "shutting down", headers: [][2]string{{"Retry-After", "1"}, {"Connection", "close"}}}
	refusedUpgrade = &HandshakeError{Status: http.StatusUpgradeRequired, Check: "upgrade",
		line: "this is a WebSocket endpoint", headers: [][2]string{{"Upgrade", "websocket"}, {"Connection", "Upgrade"}}}
	refusedMethod = &HandshakeError{Status: http.StatusMethodNotAllowed, Check: "method",
		line: "the method of a handshake is GET", headers: [][2]string{{"Allow", "GET"}}}
	refusedVersion = &HandshakeError{Status: http.StatusUpgradeRequired, Check: "version",
		line: "the version of WebSocket spoken here is 13", headers: [][2]string{{"Sec-WebSocket-Version", "13"}}}
	refusedKey = &HandshakeError{Status: http.StatusBadRequest, Check: "key",
		line: "Sec-WebSocket-Key must be given once and be 16 bytes of base64"}
	refusedOrigin = &HandshakeError{Status: http.StatusForbidden, Check: "origin",
		line: "the Origin is not allowed"}
	refusedCapacity = &HandshakeError{Status: http.StatusServiceUnavailable, Check: "capacity",
		line: "too many sessions", headers: [][2]string{{"Retry-After", "5"}}}
)

// check makes the checks of a handshake (RFC 6455 section 4.2.1) that the request alone decides.
func (h *Handler) check(r *http.Request) (subprotocol string, refusal *HandshakeError) {
	switch {
	case h.reg.shuttingDown():
		return "", refusedShutdown
	case !r.ProtoAtLeast(1, 1) || !names(r.Header, "Connection", "upgrade") || !names(r.Header, "Upgrade", "websocket"):
		return "", refusedUpgrade
	case r.Method != http.MethodGet:
		return "", refusedMethod
	case !slices.Equal(r.Header["Sec-Websocket-Version"], []string{"13"}):
		return "", refusedVersion
	case !validKey(r.Header["Sec-Websocket-Key"]):
		return "", refusedKey
	case !h.allowsOrigin(r):
		return "", refusedOrigin
	}
	offered := slices.Collect(tokens(r.Header, "Sec-Websocket-Protocol"))
	for _, subprotocol = range h.set.subprotocols {
		if slices.Contains(offered, subprotocol) || subprotocol == "" && len(offered) == 0 {
			return subprotocol, nil
		}
	}
	return "", h.refusedSubprotocol()
}

func (h *Handler) refusedSubprotocol() *HandshakeError {
	spoken := slices.DeleteFunc(slices.Clone(h.set.subprotocols), func(p string) bool { return p == "" })
	line := "no subprotocol in common; spoken here: " + strings.Join(spoken, ", ")
	if len(spoken) == 0 {
		line = "no subprotocol is spoken here"
	}
	return &HandshakeError{Status: http.StatusBadRequest, Check: "subprotocol", line: line}
}

func validKey(keys []string) bool {
	if len(keys) != 1 {
		return false
	}
	b, err := base64.StdEncoding.DecodeString(keys[0])
	return err == nil && len(b) == 16
}

// allowsOrigin: hosts are compared, not schemes, as a proxy in front may have taken the TLS off.
func (h *Handler) allowsOrigin(r *http.Request) bool {
	origins := r.Header["Origin"]
	if len(origins) == 0 {
		return true
	}
	u, err := url.Parse(origins[0])
	if err != nil || len(origins) > 1 {
		return false
	}
	if u.Host != "" && sameHost(u, r.Host) {
		return true
	}
	for _, p := range h.OriginPatterns {
		target := u.Host
		if strings.Contains(p, "://") {
			target = u.Scheme + "://" + u.Host
		}
		if ok, _ := path.Match(strings.ToLower(p), strings.ToLower(target)); ok {
			return true
		}
	}
	return false
}

// sameHost: browsers leave a scheme's own port out of the Origin, a proxy may spell it out in the Host.
func sameHost(origin *url.URL, host string) bool {
	port := map[string]string{"http": ":80", "https": ":443"}[origin.Scheme]
	return strings.EqualFold(strings.TrimSuffix(origin.Host, port), strings.TrimSuffix(host, port))
}

// names says whether token, in any case of its ASCII letters, is in the list that key has.
func names(h http.Header, key, token string) bool {
	for t := range tokens(h, key) {
		if len(t) == len(token) && strings.EqualFold(t, token) { // which also takes the Kelvin sign for a k
			return true
		}
	}
	return false
}

// tokens yields a comma-separated list that may be spread over header lines. key is canonical.
func tokens(h http.Header, key string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, line := range h[key] {
			for t := range strings.SplitSeq(line, ",") {
				if t = strings.Trim(t, " \t"); t != "" && !yield(t) {
					return
				}
			}
		}
	}
}

// refuse counts, logs and answers a handshake that fails.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, refusal *HandshakeError) {
	e := new(*refusal) // ErrorHandler's own, most refusals are shared
	h.reg.countRefused(e.Check)
	h.logRefusal(r, e)
	drop(w.Header(), upgradeHeaders)
	for _, field := range e.headers {
		if key := field[0]; r.ProtoMajor < 2 || key != "Connection" && key != "Upgrade" { // RFC 9113 section 8.2.2
			w.Header().Set(key, field[1])
		}
	}
	if h.ErrorHandler != nil {
		h.ErrorHandler(w, r, e)
		return
	}
	http.Error(w, e.line, e.Status)
}

// refusedHijack names the type of the writer that is in the way: the middleware to blame.
func refusedHijack(w http.ResponseWriter, err error) *HandshakeError {
	return &HandshakeError{Status: http.StatusNotImplemented, Check: "hijack",
		line: "the connection cannot be taken over here", err: fmt.Errorf("%T: %w", w, err)}
}

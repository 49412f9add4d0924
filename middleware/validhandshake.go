package middleware

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// isValidHandshake reports whether r is a handshake of RFC 6455, section 4.2.1, and may be answered with a 101. One with a
// body may not: its bytes would be taken for frames. Unlike isHandshake, which asks what a lenient handler might
// take for one, it is strict.
func isValidHandshake(r *http.Request) bool {
	key := r.Header["Sec-Websocket-Key"]
	version := r.Header["Sec-Websocket-Version"]
	return r.Method == http.MethodGet && r.ProtoMajor == 1 && r.ProtoMinor >= 1 &&
		r.ContentLength == 0 && len(r.TransferEncoding) == 0 && r.Header.Get("Expect") == "" &&
		slices.ContainsFunc(list(r.Header["Connection"]), isToken("upgrade")) &&
		slices.ContainsFunc(list(r.Header["Upgrade"]), isToken("websocket")) &&
		len(version) == 1 && version[0] == "13" &&
		len(key) == 1 && isKey(key[0])
}

// isKey reports whether s is a Sec-WebSocket-Key: 16 bytes of base64.
func isKey(s string) bool {
	nonce, err := base64.StdEncoding.DecodeString(s)
	return err == nil && len(nonce) == 16
}

// list returns the elements of a field whose value is a list (RFC 9110, section 5.6.1).
func list(lines []string) (elements []string) {
	for _, line := range lines {
		for element := range strings.SplitSeq(line, ",") {
			if element = strings.Trim(element, " \t"); element != "" {
				elements = append(elements, element)
			}
		}
	}
	return elements
}

// isToken reports whether an element is name, in any case of its ASCII letters.
func isToken(name string) func(element string) bool {
	return func(element string) bool { return len(element) == len(name) && strings.EqualFold(element, name) }
}

// subprotocolsOf returns the subprotocols that r offers, none if it offers none. One that is no token makes the handshake
// invalid (RFC 6455, section 4.1).
func subprotocolsOf(r *http.Request) (offered []string, valid bool) {
	offered = list(r.Header[offeredSubprotocols])
	return offered, !slices.ContainsFunc(offered, func(s string) bool { return strings.ContainsFunc(s, notInSubprotocol) })
}

// isSameOrigin reports whether r comes from a page of its own host, whatever the scheme, as a proxy may have ended the
// TLS; or from no page.
func isSameOrigin(r *http.Request) bool {
	origin := r.Header["Origin"]
	if len(origin) == 0 {
		return true
	}
	u, err := url.Parse(origin[0])
	return len(origin) == 1 && err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host)
}

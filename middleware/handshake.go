package middleware

import (
	"net/http"
	"strings"
)

// isHandshake reports whether r asks for a WebSocket. It is the one place where
// that is decided. It looks at no more than what makes r a handshake, so that
// nothing a lenient handler accepts slips past: whether the handshake is a valid
// one, is the handler's to say.
func isHandshake(r *http.Request) bool {
	return isUpgrade(r) || isExtendedConnect(r)
}

// isUpgrade reports whether r is the GET of RFC 6455, section 4.2.1. The HTTP
// version does not matter: behind ExtendedConnect it is 2.
func isUpgrade(r *http.Request) bool {
	return r.Method == http.MethodGet &&
		hasToken(r.Header["Connection"], "upgrade") &&
		hasToken(r.Header["Upgrade"], "websocket")
}

// isExtendedConnect reports whether r is the CONNECT of RFC 8441, section 4. The
// method has to be asked for: net/http lets ":protocol" through with any.
func isExtendedConnect(r *http.Request) bool {
	protocol := r.Header[":protocol"]
	return r.Method == http.MethodConnect && r.ProtoMajor == 2 &&
		len(protocol) == 1 && strings.EqualFold(protocol[0], "websocket")
}

// hasToken reports whether one of the comma-separated lists in lines holds token,
// in any letter case (RFC 9110, section 5.6.1).
func hasToken(lines []string, token string) bool {
	for _, line := range lines {
		for entry := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.Trim(entry, " \t"), token) {
				return true
			}
		}
	}
	return false
}

package middleware

import (
	"net/http"
	"strings"
)

// isHandshake reports whether a handler might take r for a WebSocket handshake. It is
// the one place where that is decided. Handlers differ in what they let pass: coder
// trims Unicode's spaces, gws wants no more of Connection than that "upgrade" occurs
// in it, and a reverse proxy leaves it to the server behind. So any mention of
// "websocket" counts, lest a client word its handshake past LimitPerClient: whether it
// is a valid one, is the handler's to say.
func isHandshake(r *http.Request) bool {
	return mentionsWebSocket(r.Header["Upgrade"]) || mentionsWebSocket(r.Header[":protocol"])
}

// mentionsWebSocket folds case as strings.EqualFold does, to which "ſ" is an "s" and
// the Kelvin sign a "k": ToUpper knows the one, ToLower the other.
func mentionsWebSocket(lines []string) bool {
	for _, line := range lines {
		if strings.Contains(strings.ToLower(strings.ToUpper(line)), "websocket") {
			return true
		}
	}
	return false
}

// isExtendedConnect reports whether r is an extended CONNECT of RFC 8441, section 4, for whatever protocol. The method
// has to be asked for: net/http lets ":protocol" through with any.
func isExtendedConnect(r *http.Request) bool {
	return r.Method == http.MethodConnect && r.ProtoMajor == 2 && len(r.Header[":protocol"]) > 0
}

// asksForWebSocket reports whether the extended CONNECT r is for "websocket", in any case of its ASCII letters:
// strings.EqualFold alone would take "ſ" for an "s".
func asksForWebSocket(r *http.Request) bool {
	protocol := r.Header[":protocol"]
	return len(protocol) == 1 && len(protocol[0]) == len("websocket") && strings.EqualFold(protocol[0], "websocket")
}

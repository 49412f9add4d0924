package middleware

import (
	"encoding/base64"
	"net/http"
	"strings"
)

// BearerSubprotocol lets a browser, which cannot set headers on a WebSocket, bring a
// token to the authentication middleware that comes after it. The page offers the
// token as a subprotocol, besides the one that it wants to speak:
//
//	new WebSocket(url, ["echo-protocol", "bearer." + token])
//
// With the prefix "bearer." the handshake goes on with "Authorization: Bearer <token>"
// and without that entry in Sec-WebSocket-Protocol, so that no handler can select it
// and echo the token to the peer. BearerSubprotocol itself logs nothing; a middleware
// that logs request headers should come after it. Other requests pass untouched.
//
//   - A request that has an Authorization header keeps it; the entry goes all the same.
//   - Of several entries with the prefix the first counts, and all go.
//   - A token is what RFC 6750, section 2.1, allows: letters, digits and -._~+/,
//     then any number of =. Anything else after the prefix is dropped and leaves the
//     request without a token.
//   - A subprotocol may hold neither / nor = (RFC 6455, section 4.1), and browsers
//     insist. A JWT has none. Any other token travels as base64url without padding,
//     marked by "base64url." before the prefix, the way Kubernetes has it:
//     "base64url.bearer." + base64url(token). It is decoded.
//
// The page has to offer another subprotocol too, which the handler speaks: a browser
// gives up a WebSocket whose subprotocols are all left unanswered.
//
// BearerSubprotocol panics if prefix is empty or cannot begin a subprotocol.
func BearerSubprotocol(prefix string) func(http.Handler) http.Handler {
	if prefix == "" || strings.ContainsFunc(prefix, notInSubprotocol) {
		panic("middleware.BearerSubprotocol: the prefix is empty or cannot begin a subprotocol")
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if isHandshake(r) {
				r = withBearer(r, prefix)
			}
			next.ServeHTTP(w, r)
		})
	}
}

const offeredSubprotocols = "Sec-Websocket-Protocol" // as net/http spells the key

// withBearer returns r with the token in its place, or r itself if it offers none.
// Middleware outside keeps r as it was.
func withBearer(r *http.Request, prefix string) *http.Request {
	var kept, tokens []string
	for _, line := range r.Header[offeredSubprotocols] {
		for entry := range strings.SplitSeq(line, ",") {
			entry = strings.Trim(entry, " \t")
			if encoded, ok := strings.CutPrefix(entry, "base64url."+prefix); ok {
				token, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
				if err != nil {
					token = nil // DecodeString returns what came before the error
				}
				tokens = append(tokens, string(token))
			} else if token, ok := strings.CutPrefix(entry, prefix); ok {
				tokens = append(tokens, token)
			} else if entry != "" {
				kept = append(kept, entry)
			}
		}
	}
	if len(tokens) == 0 {
		return r
	}
	r = r.WithContext(r.Context())
	r.Header = r.Header.Clone()
	if len(kept) == 0 {
		delete(r.Header, offeredSubprotocols)
	} else {
		r.Header.Set(offeredSubprotocols, strings.Join(kept, ", "))
	}
	if len(r.Header["Authorization"]) == 0 && isBearerToken(tokens[0]) {
		r.Header.Set("Authorization", "Bearer "+tokens[0])
	}
	return r
}

// isBearerToken reports whether s is a b64token of RFC 6750, section 2.1.
func isBearerToken(s string) bool {
	s = strings.TrimRight(s, "=")
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !isAlphanumeric(r) && !strings.ContainsRune("-._~+/", r)
	})
}

// notInSubprotocol reports whether r may not occur in a subprotocol, which is a token
// of RFC 9110, section 5.6.2.
func notInSubprotocol(r rune) bool {
	return !isAlphanumeric(r) && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
}

func isAlphanumeric(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}

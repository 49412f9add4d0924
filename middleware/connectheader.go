package middleware

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// upgradeFields are those that make an HTTP/2 message malformed (RFC 9113, section
// 8.2.2), and the answer to the key that the peer never sent.
var upgradeFields = []string{"Upgrade", "Sec-Websocket-Accept", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding"}

// contentFields say what a response contains.
var contentFields = []string{"Content-Type", "Content-Encoding", "Content-Length"}

// withoutUpgrade removes upgradeFields from the header of a final response.
func withoutUpgrade(h http.Header) {
	removeFields(h, upgradeFields)
	if h.Get("Connection") != "close" { // which net/http does not send but takes for a GOAWAY
		delete(h, "Connection")
	}
}

// removeFields removes the fields named names, however h spells them, and returns them: a handler may have RFC
// 6455's spelling, which is not Go's.
func removeFields(h http.Header, names []string) (removed http.Header) {
	removed = http.Header{}
	for name, values := range h {
		if slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) }) {
			removed[name] = values
			delete(h, name)
		}
	}
	return removed
}

// inform sends an informational response, in which net/http would send "Connection:
// close" as well. The final one may still want what is held back.
func (w *connectWriter) inform(code int) {
	h := w.ResponseWriter.Header()
	held := removeFields(h, append([]string{"Connection"}, upgradeFields...))
	w.ResponseWriter.WriteHeader(code)
	maps.Copy(h, held)
}

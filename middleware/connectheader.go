package middleware

import (
	"maps"
	"net/http"
)

// upgradeFields are those that make an HTTP/2 message malformed (RFC 9113, section
// 8.2.2), and the answer to the key that the peer never sent.
var upgradeFields = []string{"Upgrade", "Sec-Websocket-Accept", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding"}

// withoutUpgrade removes them from the header of a final response.
func withoutUpgrade(h http.Header) {
	for _, name := range upgradeFields {
		delete(h, name)
	}
	if h.Get("Connection") != "close" { // which net/http does not send but takes for a GOAWAY
		delete(h, "Connection")
	}
}

// inform sends an informational response, in which net/http would send "Connection:
// close" as well. The final one may still want what is held back.
func (w *connectWriter) inform(code int) {
	h := w.ResponseWriter.Header()
	held := http.Header{}
	for _, name := range append([]string{"Connection"}, upgradeFields...) {
		if values, ok := h[name]; ok {
			held[name] = values
			delete(h, name)
		}
	}
	w.ResponseWriter.WriteHeader(code)
	maps.Copy(h, held)
}

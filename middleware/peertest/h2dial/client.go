package h2dial

import (
	"crypto/sha1"
	"encoding/base64"
	"net/http"
)

// Client returns the http.Client that makes websocket.Dial open its WebSocket over
// HTTP/2. It sends the handshake's GET as an extended CONNECT and returns the 200 as
// the 101 that Dial expects.
func (t Transport) Client() *http.Client { return &http.Client{Transport: upgrader{t}} }

type upgrader struct{ t Transport }

func (u upgrader) RoundTrip(req *http.Request) (*http.Response, error) {
	header := req.Header.Clone()
	for _, name := range []string{"Connection", "Upgrade", "Sec-WebSocket-Key"} {
		header.Del(name)
	}
	conn, resp, err := u.t.Dial(req.Context(), req.URL.String(), header)
	if conn == nil {
		if resp != nil {
			return resp, nil // refused: the caller reads why
		}
		return nil, err
	}
	// RFC 6455, section 4.2.2: what Dial checks, and HTTP/2 does without.
	sum := sha1.Sum([]byte(req.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	resp.StatusCode, resp.Status = http.StatusSwitchingProtocols, "101 Switching Protocols"
	resp.Header.Set("Connection", "Upgrade")
	resp.Header.Set("Upgrade", "websocket")
	resp.Header.Set("Sec-WebSocket-Accept", base64.StdEncoding.EncodeToString(sum[:]))
	resp.Body = conn
	return resp, nil
}

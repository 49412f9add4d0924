package wsecho_test

import (
	"net"
	"slices"
	"strings"
	"testing"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
)

// Every way to fail a check, beyond the one that TestRefused pairs with the others.
func TestRefusedFor(t *testing.T) {
	get := func(lines ...string) peer.Request { return peer.Request{Lines: lines} }
	for _, c := range []struct {
		name, check string
		r           peer.Request
	}{
		{"no Connection", "upgrade", get("Connection")},
		{"Connection without Upgrade", "upgrade", get("Connection: keep-alive")},
		{"another protocol", "upgrade", get("Upgrade: h2c")},
		{"a protocol that only looks like it", "upgrade", get("Upgrade: web\u017focket")},
		{"a space that is none in HTTP", "upgrade", get("Upgrade: \u00a0websocket")},
		{"a plain request", "upgrade", get("Connection", "Upgrade", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Protocol")},
		{"HTTP/1.0", "upgrade", peer.Request{Proto: "HTTP/1.0"}},
		{"HEAD", "method", peer.Request{Method: "HEAD"}},
		{"get in lower case", "method", peer.Request{Method: "get"}},
		{"CONNECT-like PUT", "method", peer.Request{Method: "PUT"}},
		{"a token that stands in a quoted string", "upgrade", get(`Connection: "a, upgrade, b"`)},
		{"no version", "version", get("Sec-WebSocket-Version")},
		{"version 14", "version", get("Sec-WebSocket-Version: 14")},
		{"a list of versions", "version", get("Sec-WebSocket-Version: 13, 8")},
		{"no number", "version", get("Sec-WebSocket-Version: x")},
		{"key repeated", "key", get("Sec-WebSocket-Key: "+peer.Key, "Sec-WebSocket-Key: "+peer.Key)},
		{"key empty", "key", get("Sec-WebSocket-Key: ")},
		{"key of 15 bytes", "key", get("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAA")},
		{"key of 17 bytes", "key", get("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAA=")},
		{"key without padding", "key", get("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ")},
		{"key of another alphabet", "key", get("Sec-WebSocket-Key: __hlIHNhbXBsZSBub25jZQ==")},
		{"key not base64", "key", get("Sec-WebSocket-Key: ????????????????????????")},
		{"no subprotocol", "subprotocol", get("Sec-WebSocket-Protocol")},
		{"an empty subprotocol", "subprotocol", get("Sec-WebSocket-Protocol: ")},
		{"an extension in a quoted string that is none", "extensions", get(`Sec-WebSocket-Extensions: x; y="a, permessage-deflate, b"`)},
		{"a quoted string without its end", "extensions", get(`Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits="10`)},
		{"a parameter without a name", "extensions", get("Sec-WebSocket-Extensions: permessage-deflate; ;")},
		{"words", "extensions", get("Sec-WebSocket-Extensions: a b c=;;")},
		{"a malformed extension beside another line", "extensions", get("Sec-WebSocket-Extensions: permessage-deflate", "Sec-WebSocket-Extensions: a=1")},
		{"a subprotocol offered twice", "subprotocol", get("Sec-WebSocket-Protocol: echo-protocol, echo-protocol")},
		{"a subprotocol offered twice, in two lines", "subprotocol", get("Sec-WebSocket-Protocol: a, echo-protocol", "Sec-WebSocket-Protocol: echo-protocol")},
		{"a subprotocol with a space inside", "subprotocol", get("Sec-WebSocket-Protocol: echo-protocol, echo protocol")},
		{"a subprotocol in quotes", "subprotocol", get(`Sec-WebSocket-Protocol: echo-protocol, "a"`)},
		{"a subprotocol in a quoted string", "subprotocol", get(`Sec-WebSocket-Protocol: "a, echo-protocol, b"`)},
		{"a subprotocol with a slash", "subprotocol", get("Sec-WebSocket-Protocol: echo-protocol, a/b")},
		{"a subprotocol outside ASCII", "subprotocol", get("Sec-WebSocket-Protocol: echo-protocol, caf\u00e9")},
		{"another case", "subprotocol", get("Sec-WebSocket-Protocol: Echo-Protocol")},
		{"a part of the name", "subprotocol", get("Sec-WebSocket-Protocol: echo")},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := serve(t, &wsecho.Handler{})
			e.watch()
			p, _, _ := e.shake(t, c.r)
			if he, _, n := e.last(); p != nil || n != 1 || he.Check != c.check {
				t.Errorf("ErrorHandler ran %d times, last for %q, want %q", n, he.Check, c.check)
			}
			if got := e.Stats(); got.Opened != 0 || got.Open != 0 {
				t.Errorf("Stats() counts a session: %+v", got)
			}
		})
	}
}

// What clients and proxies really send, and must not be refused for.
func TestAdmitted(t *testing.T) {
	for name, lines := range map[string][]string{
		"tokens in any case, in lists": {"connection: keep-alive, UPGRADE", "upgrade: foo/1, WebSocket"},
		"two Connection lines":         {"Connection: keep-alive", "Connection: Upgrade"},
		"spaces around the key":        {"Sec-WebSocket-Key:   " + peer.Key + "  "},
		"other extensions":             {"Sec-WebSocket-Extensions: x-made-up; a=1"},
		"an extension, quoted":         {`Sec-WebSocket-Extensions: x-made-up; a="1" ; b`},
		"no extension":                 {"Sec-WebSocket-Extensions: "},
		"empty elements in lists":      {"Connection: ,Upgrade,", "Sec-WebSocket-Protocol: , echo-protocol,,x", "Sec-WebSocket-Extensions: ,x-made-up,"},
		"a body of no length":          {"Content-Length: 0"},
		"compression, not allowed":     {"Sec-WebSocket-Extensions: " + peer.Offer},
	} {
		t.Run(name, func(t *testing.T) {
			e := serve(t, &wsecho.Handler{})
			c, err := net.Dial("tcp", e.srv.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			// The first frames travel with the request: net/http has read them ahead.
			c.Write(peer.Join(peer.Request{Lines: lines}.Bytes(), peer.Text("early"), peer.Close(1000, "")))
			p, answer, err := peer.Handshake(nop{c}, peer.Request{})
			if err != nil || answer.StatusCode != 101 {
				t.Fatal(answer, err)
			}
			for name, want := range map[string]string{"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": peer.Accept,
				"Sec-WebSocket-Protocol": "echo-protocol", "Sec-WebSocket-Extensions": ""} {
				if got := strings.Join(answer.Header.Values(name), "|"); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			if got := p.Rest(); !slices.Equal(got, []string{"text:early", "close:1000", "eof"}) {
				t.Errorf("the peer saw %q", got)
			}
			if got := e.Stats(); got.Opened != 1 || total(got.Refused) != 0 {
				t.Errorf("Stats() is %+v", got)
			}
		})
	}
}

// nop is a connection that sends nothing.
type nop struct{ net.Conn }

func (nop) Write(p []byte) (int, error) { return len(p), nil }

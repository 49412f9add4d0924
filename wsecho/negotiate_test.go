package wsecho_test

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
)

// answer101 is what a 101 says.
type answer101 struct {
	upgrade, connection, accept, subprotocol string
	extension                                string // its parameters in order of their names, which means nothing
}

// both makes the same handshake with a Handler and with coder's Accept.
func both(t *testing.T, subprotocols []string, mode websocket.CompressionMode, lines []string) (ours, coders answer101) {
	t.Helper()
	ask := func(e *endpoint) answer101 {
		t.Helper()
		p, a, body := e.shake(t, peer.Request{Lines: lines})
		if p == nil {
			t.Fatalf("%s %q", a.Status, body)
		}
		p.Close()
		for name, values := range a.Header {
			if len(values) > 1 {
				t.Errorf("%s stands %d times", name, len(values))
			}
		}
		name, params, _ := strings.Cut(a.Header.Get("Sec-WebSocket-Extensions"), ";")
		all := strings.Split(params, ";")
		slices.Sort(all)
		return answer101{a.Header.Get("Upgrade"), a.Header.Get("Connection"), a.Header.Get("Sec-WebSocket-Accept"),
			a.Header.Get("Sec-WebSocket-Protocol"), strings.TrimSuffix(name+";"+strings.Join(all, ";"), ";")}
	}
	ours = ask(serve(t, &wsecho.Handler{Subprotocols: subprotocols, Compression: mode}))
	coders = ask(behind(t, &wsecho.Handler{}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: subprotocols, CompressionMode: mode})
		if err != nil {
			t.Error(err)
			return
		}
		c.CloseNow()
	})))
	return ours, coders
}

// Our 101 says what coder's does.
func TestAnswerIsCoders(t *testing.T) {
	key := func(p []byte) string { return "Sec-WebSocket-Key: " + base64.StdEncoding.EncodeToString(p) }
	random := make([]byte, 16)
	rand.Read(random)
	for name, c := range map[string]struct {
		subprotocols []string
		lines        []string
	}{
		"the key of RFC 6455":               {nil, nil},
		"a key of zeros":                    {nil, []string{key(make([]byte, 16))}},
		"a random key":                      {nil, []string{key(random)}},
		"spaces around the key":             {nil, []string{"Sec-WebSocket-Key:  \t" + peer.Key + " \t"}},
		"the server's order":                {[]string{"v2", "v1"}, []string{"Sec-WebSocket-Protocol: v1, v2"}},
		"offers without spaces":             {[]string{"v2", "v1"}, []string{"Sec-WebSocket-Protocol: v0,v1,v3"}},
		"offers in several lines":           {[]string{"v2", "v1"}, []string{"Sec-WebSocket-Protocol: v0", "Sec-WebSocket-Protocol: x ,v1", "Sec-WebSocket-Protocol: v2"}},
		"an offer with the bytes of tokens": {[]string{"a!#$%&'*+-.^_`|~0"}, []string{"Sec-WebSocket-Protocol: a!#$%&'*+-.^_`|~0"}},
		"no offer":                          {[]string{""}, []string{"Sec-WebSocket-Protocol"}},
		"tokens in any case, in lists":      {nil, []string{"Connection: keep-alive, UPGRADE", "Upgrade: foo/1, WebSocket"}},
	} {
		t.Run(name, func(t *testing.T) {
			if c.subprotocols == nil {
				c.subprotocols = []string{wsecho.DefaultSubprotocol}
			}
			ours, coders := both(t, c.subprotocols, websocket.CompressionDisabled, c.lines)
			if ours != coders || ours.accept == "" {
				t.Errorf("%q, coder's is %q", ours, coders)
			}
		})
	}
}

// Our answer to offers of permessage-deflate is coder's, but where RFC 7692 has it otherwise.
func TestExtensionIsCoders(t *testing.T) {
	const plain, fresh, none = "permessage-deflate", "permessage-deflate; client_no_context_takeover; server_no_context_takeover", ""
	type answers struct{ takeover, no string } // by the Handler's mode
	bits := func(n string) answers {
		return answers{plain + "; server_max_window_bits=" + n, "permessage-deflate; client_no_context_takeover; server_max_window_bits=" + n + "; server_no_context_takeover"}
	}
	for _, c := range []struct {
		offers []string // header lines
		want   answers
		differ string // why coder's answer is another; "": it is not
	}{
		{nil, answers{none, none}, ""},
		{[]string{""}, answers{none, none}, ""},
		{[]string{"permessage-deflate"}, answers{plain, fresh}, ""},
		{[]string{"permessage-deflate; client_max_window_bits"}, answers{plain, fresh}, ""}, // Chromium's, Firefox's
		{[]string{"permessage-deflate; client_max_window_bits=8"}, answers{plain, fresh}, ""},
		{[]string{"permessage-deflate;client_max_window_bits=15;client_no_context_takeover"}, answers{plain + "; client_no_context_takeover", fresh}, ""},
		{[]string{"permessage-deflate; client_no_context_takeover"}, answers{plain + "; client_no_context_takeover", fresh}, ""},
		{[]string{"permessage-deflate; server_no_context_takeover"}, answers{plain + "; server_no_context_takeover", fresh}, ""},
		{[]string{"permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits"}, answers{fresh, fresh}, ""},
		{[]string{" permessage-deflate ;  client_no_context_takeover "}, answers{plain + "; client_no_context_takeover", fresh}, ""},
		{[]string{"permessage-deflate; server_max_window_bits=7"}, answers{none, none}, ""},
		{[]string{"permessage-deflate; server_max_window_bits=16"}, answers{none, none}, ""},
		{[]string{"permessage-deflate; server_max_window_bits=08"}, answers{none, none}, ""},
		{[]string{"permessage-deflate; server_max_window_bits"}, answers{none, none}, ""},
		{[]string{"permessage-deflate; unknown"}, answers{none, none}, ""},
		{[]string{"permessage-deflate; client_no_context_takeover=1"}, answers{none, none}, ""},
		{[]string{"Permessage-Deflate", "x-webkit-deflate-frame", "permessage-bzip2"}, answers{none, none}, ""},
		{[]string{"x-made-up; a=1, permessage-deflate"}, answers{plain, fresh}, ""},
		{[]string{"x-made-up", "permessage-deflate"}, answers{plain, fresh}, ""},
		{[]string{"permessage-deflate; unknown", "permessage-deflate; client_no_context_takeover"}, answers{plain + "; client_no_context_takeover", fresh}, ""},

		{[]string{"permessage-deflate; server_max_window_bits=8"}, bits("8"), "section 7.1.2.1: coder declines it"},
		{[]string{"permessage-deflate; server_max_window_bits=12; client_max_window_bits=12"}, bits("12"), "section 7.1.2.1: coder declines it"},
		{[]string{"permessage-deflate; server_max_window_bits=9, permessage-deflate; server_no_context_takeover, permessage-deflate"}, bits("9"), "section 7.1.2.1: coder declines the first"},
		{[]string{"permessage-deflate; server_max_window_bits=15"}, bits("15"), "section 7.1.2.1: an answer that accepts it must have it"},
		{[]string{`permessage-deflate; server_max_window_bits="15"`}, bits("15"), "section 7.1: a value may be quoted"},
		{[]string{"permessage-deflate; client_max_window_bits=7"}, answers{none, none}, "section 7.1.2.2: no less than 8"},
		{[]string{"permessage-deflate; client_max_window_bits=16"}, answers{none, none}, "section 7.1.2.2: no more than 15"},
		{[]string{"permessage-deflate; client_max_window_bits=08"}, answers{none, none}, "section 7.1.2.2: no leading zero"},
		{[]string{"permessage-deflate; client_max_window_bits; client_max_window_bits=10"}, answers{none, none}, "section 7.1: nothing twice"},
		{[]string{"permessage-deflate; client_no_context_takeover; client_no_context_takeover"}, answers{none, none}, "section 7.1: nothing twice"},
	} {
		for mode, want := range map[websocket.CompressionMode]string{
			websocket.CompressionDisabled: none, websocket.CompressionContextTakeover: c.want.takeover, websocket.CompressionNoContextTakeover: c.want.no,
		} {
			t.Run(fmt.Sprintf("%q, mode %d", c.offers, mode), func(t *testing.T) {
				var lines []string
				for _, o := range c.offers {
					lines = append(lines, "Sec-WebSocket-Extensions: "+o)
				}
				ours, coders := both(t, []string{wsecho.DefaultSubprotocol}, mode, lines)
				if ours.extension != want {
					t.Errorf("%q, want %q", ours.extension, want)
				}
				if differ := c.differ != "" && mode != websocket.CompressionDisabled; differ != (ours.extension != coders.extension) {
					t.Errorf("coder's is %q, ours %q; to differ there is this reason: %q", coders.extension, ours.extension, c.differ)
				}
				if ours.accept != coders.accept || ours.subprotocol != coders.subprotocol {
					t.Errorf("%q, coder's is %q", ours, coders)
				}
			})
		}
	}
}

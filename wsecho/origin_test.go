package wsecho_test

import (
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/wsechotest"
)

func TestOrigins(t *testing.T) {
	for _, c := range []struct {
		name     string
		patterns []string
		origin   string // and the Host line, if not the usual
		admitted bool
	}{
		{"none", nil, "", true},
		{"the same origin", nil, "http://wsecho.test", true},
		{"the same host behind a proxy that ends TLS", nil, "https://wsecho.test", true},
		{"the same host in another case", nil, "http://WSecho.Test", true},
		{"a port that the Host spells out", nil, "https://wsecho.test Host: wsecho.test:443", true},
		{"a port that the Origin spells out", nil, "http://wsecho.test:80", true},
		{"another scheme's own port", nil, "https://wsecho.test Host: wsecho.test:80", false},
		{"another host", nil, "http://evil.test", false},
		{"another port", nil, "http://wsecho.test:8080", false},
		{"a host that begins like ours", nil, "http://wsecho.test.evil.test", false},
		{"our host as a user", nil, "http://wsecho.test@evil.test", false},
		{"our host as a path", nil, "http://evil.test/wsecho.test", false},
		{"null", nil, "null", false},
		{"malformed", nil, "http://[::1", false},
		{"malformed, our host inside", []string{"*.test"}, "http://wsecho.test:x:y", false},
		{"no scheme", nil, "wsecho.test", false},
		{"a pattern", []string{"app.test"}, "https://app.test", true},
		{"a pattern in another case", []string{"App.test"}, "https://aPP.test", true},
		{"a pattern with a star", []string{"*.app.test"}, "https://a.app.test", true},
		{"a star is no dot", []string{"*.app.test"}, "https://app.test", false},
		{"a pattern is the whole host", []string{"app.test"}, "https://app.test.evil.test", false},
		{"a pattern is the whole host, from its start", []string{"app.test"}, "https://evil-app.test", false},
		{"a star is any number of labels", []string{"*.app.test"}, "https://a.b.app.test", true},
		{"a star within a label", []string{"app-*.test"}, "https://app-1.test", true},
		{"a star in the scheme", []string{"http*://app.test"}, "https://app.test", true},
		{"a pattern beside others", []string{"a.test", "b.test"}, "https://b.test", true},
		{"a pattern with a port", []string{"localhost:*"}, "http://localhost:5173", true},
		{"any port, the scheme's own too", []string{"localhost:*"}, "http://localhost", true},
		{"a star in the port", []string{"localhost:51*"}, "http://localhost:5173", true},
		{"a star at the end, with a port", []string{"http://local*"}, "http://localhost:5173", true},
		{"a pattern without a port", []string{"app.test"}, "https://app.test:8443", false},
		{"a pattern with another port", []string{"app.test:8443"}, "https://app.test", false},
		{"a scheme's own port in the pattern", []string{"https://app.test:443"}, "https://app.test", true},
		{"a scheme's own port in the Origin", []string{"https://app.test"}, "https://app.test:443", true},
		{"another scheme's own port in the pattern", []string{"https://app.test:80"}, "https://app.test", false},
		{"another scheme's own port in both", []string{"https://app.test:80"}, "https://app.test:80", true},
		{"a port of whatever scheme has it", []string{"app.test:443"}, "https://app.test", true},
		{"a port of whatever scheme has it, another", []string{"app.test:443"}, "http://app.test", false},
		{"IPv6", []string{"http://[::1]:3000"}, "http://[::1]:3000", true},
		{"IPv6, another address", []string{"http://[::1]:3000"}, "http://1:3000", false},
		{"IPv6, without scheme and port", []string{"[::1]"}, "http://[::1]", true},
		{"IPv6, any port", []string{"[::1]:*"}, "http://[::1]:5173", true},
		{"IPv6, another port", []string{"[::1]"}, "http://[::1]:3000", false},
		{"IPv6, spelled at length, in upper case", []string{"HTTP://[2001:DB8:0:0:0:0:0:1]"}, "http://[2001:db8::1]", true},
		{"IPv6, the same origin", nil, "http://[::1]:3000 Host: [::1]:3000", true},
		{"IPv4", []string{"http://127.0.0.1:3000"}, "http://127.0.0.1:3000", true},
		{"a scheme pattern in upper case", []string{"HTTPS://APP.TEST"}, "https://app.test", true},
		{"a name outside ASCII", []string{"https://xn--bcher-kva.test"}, "https://xn--bcher-kva.test", true},
		{"null, allowed", []string{"null"}, "null", true},
		{"null is no host", []string{"null"}, "http://null", false},
		{"null and another origin", []string{"null"}, "https://app.test", false},
		{"null in any case is no origin", []string{"null"}, "NULL", false},
		{"any origin", []string{"*"}, "https://app.test:8443", true},
		{"any origin, null", []string{"*"}, "null", true},
		{"any origin, malformed", []string{"*"}, "http://[::1", false},
		{"any origin of a scheme", []string{"https://*"}, "https://app.test:8443", true},
		{"any origin of a scheme, another", []string{"https://*"}, "http://app.test", false},
		{"a scheme without hosts", []string{"file://"}, "file://", true},
		{"a scheme without hosts, another", []string{"file://"}, "capacitor://", false},
		{"a pattern and null", []string{"app.test"}, "null", false},
		{"a scheme pattern", []string{"https://app.test"}, "https://app.test", true},
		{"a scheme pattern, another scheme", []string{"https://app.test"}, "http://app.test", false},
		{"WeChat", []string{"https://servicewechat.com"}, "https://servicewechat.com", true},
		{"WeChat's own scheme", []string{"weapp://*"}, "weapp://wx0123456789abcdef", true},
		{"WeChat's own scheme, not allowed", nil, "weapp://wx0123456789abcdef", false},
		{"a broken pattern admits nobody", []string{"[", "*/", "app.test"}, "https://evil.test", false},
		{"a broken pattern spoils no other", []string{"[", "app.test"}, "https://app.test", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := serve(t, &wsecho.Handler{OriginPatterns: c.patterns})
			e.watch()
			var r peer.Request
			if c.origin != "" {
				origin, host, _ := strings.Cut(c.origin, " ")
				r = r.With("Origin: " + origin)
				if host != "" {
					r = r.With(host)
				}
			}
			p, answer, _ := e.shake(t, r)
			if c.admitted != (p != nil) {
				t.Fatal(answer.Status)
			}
			if he, _, _ := e.last(); p == nil && (answer.StatusCode != 403 || he.Check != "origin") {
				t.Errorf("%s %q", answer.Status, he.Check)
			}
		})
	}
}

// A pattern that no browser's Origin can match is the service's fault to mend: one record each, and no other
// pattern suffers.
func TestOriginPatternsThatMatchNothing(t *testing.T) {
	broken := []string{"", "[", "https://", "://app.test", "https://app.test/", "https://app.test/path", "app.test?q", "user@app.test",
		"https://b\u00fccher.test", "ap\u212a.test", "app.test, b.test", "app test", "app[12].test", "app?.test", `app\.test`,
		"::1", "http://::1:3000", "[::1", "[::1]3000", "[::1]:", "[fe80::1%25en0]", "[127.0.0.1]", "[::*]",
		"app.test:", "app.test:080", "app.test:65536", "app.test:http", "app.test:80:80", "ht tp://app.test", "https:app.test"}
	fine := []string{"null", "*", "app.test", "HTTPS://*.App.test:*", "http://[::1]:3000", "file://", "moz-extension://8a1c6c50-0d43-4c2a-9d2f-1f2b6f6d1f11", "weapp://*", "my_app.test:8*"}
	logged := new(records)
	h := &wsecho.Handler{Logger: slog.New(logged), OriginPatterns: slices.Concat(broken, fine)}
	for range 2 { // the second finds them parsed
		wsechotest.Dial(t, h, "/", &websocket.DialOptions{Subprotocols: []string{wsecho.DefaultSubprotocol}, HTTPHeader: http.Header{"Origin": {"https://a.app.test"}}})
	}
	var got []string
	for _, r := range logged.all {
		if r.level == slog.LevelError && r.message == "wsecho: origin pattern matches nothing" && r.attrs["err"].Any() != nil {
			got = append(got, r.attrs["pattern"].String())
		}
	}
	if !slices.Equal(got, broken) {
		t.Errorf("reported: %q, want\n%q", got, broken)
	}
}

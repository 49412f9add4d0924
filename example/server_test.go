package main

import (
	"net/http"
	"regexp"
	"testing"
)

func TestProtocols(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"plain":             {nil, "HTTP/1.1"},
		"tls":               {[]string{"-tls"}, "HTTP/2.0"},
		"tls without http2": {[]string{"-tls", "-http2=false"}, "HTTP/1.1"},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, c.args...)
			resp, err := insecure(t).Get(p.url)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.Proto != c.want {
				t.Errorf("the page came over %s, want %s", resp.Proto, c.want)
			}
		})
	}
}

// A browser cannot be sent to every address, so one that it finds is printed.
func TestPrintedURL(t *testing.T) {
	for addr, want := range map[string]string{
		":0":          `^http://localhost:\d+$`,
		"0.0.0.0:0":   `^http://localhost:\d+$`,
		"127.0.0.1:0": `^http://127\.0\.0\.1:\d+$`,
	} {
		p := start(t, "-addr", addr)
		if !regexp.MustCompile(want).MatchString(p.url) {
			t.Errorf("-addr %s prints %s", addr, p.url)
		}
		if status, _ := get(t, p.url); status != http.StatusOK {
			t.Errorf("%s: status %d", p.url, status)
		}
	}
}

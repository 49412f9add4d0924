package main

import (
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

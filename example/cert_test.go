package main

import (
	"crypto/x509"
	"testing"
)

func TestSelfSigned(t *testing.T) {
	for listen, names := range map[string][]string{
		"":          {"localhost", "127.0.0.1", "::1"},
		"127.0.0.1": {"localhost", "127.0.0.1", "::1"},
		"192.0.2.7": {"localhost", "192.0.2.7"},
		"my.host":   {"localhost", "my.host"},
	} {
		cert, err := selfSigned(listen)
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := x509.ParseCertificate(cert.Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		trusted := x509.NewCertPool()
		trusted.AddCert(leaf)
		for _, name := range names {
			if _, err := leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: trusted}); err != nil {
				t.Errorf("listening on %q, for %s: %v", listen, name, err)
			}
		}
		if err := leaf.VerifyHostname("example.org"); err == nil {
			t.Errorf("listening on %q, it is good for example.org", listen)
		}
	}
}

package browsertest

import (
	"fmt"
	"regexp"
	"testing"
	"time"

	"example.com/wsecho/wsecho/wsechotest/await"
)

// requests returns, for each request of the page and the sockets in the service's log, the
// HTTP version and the client's address: one TCP connection has one.
func (s *service) requests() (got []string) {
	line := regexp.MustCompile(`"GET https?://[^ ]*/(?:ws\?\S*|page\.js|) (HTTP/\S+)" from (\S+) -`)
	for _, m := range line.FindAllStringSubmatch(s.Output(), -1) {
		got = append(got, m[1]+" "+m[2])
	}
	return got
}

// Three pages and their three sockets share one connection over HTTP/2.
func TestHTTP2(t *testing.T) {
	s := start(t, "-tls")
	var tabs []*tab
	for range 3 {
		b := open(t, s, look{})
		b.connect()
		tabs = append(tabs, b)
	}
	for i, b := range tabs {
		if got, want := b.text("#carrier"), "echo-protocol · HTTP/2.0"; got != want {
			t.Errorf("tab %d shows %q, want %q", i, got, want)
		}
		b.say(fmt.Sprintf("from tab %d", i))
		b.waitRow("received", fmt.Sprintf("from tab %d", i))
	}
	tabs[0].screenshot("http2")
	var got []string
	for deadline := time.Now().Add(await.Patience); len(got) < 3+1+3; got = s.requests() { // pages, page.js at least once, sockets
		if time.Now().After(deadline) {
			t.Fatalf("the service logged %d requests: %q", len(got), got)
		}
		time.Sleep(10 * time.Millisecond) // a session may echo before its handshake is logged
	}
	for _, r := range got {
		if r != got[0] {
			t.Errorf("not one connection: %q", got)
			break
		}
	}
	if got[0][:8] != "HTTP/2.0" {
		t.Errorf("over %s", got[0])
	}

	// A deploy closes them as over TCP, and they come back. (Not all over HTTP/2: Chromium
	// uses it for a socket only where it has such a connection already.)
	for _, b := range tabs {
		b.provokes(socketFailed)
	}
	s.stop()
	for _, b := range tabs {
		b.waitRow("note", "Connection closed (1001)")
		b.say("after the deploy")
	}
	s.again("-tls")
	for _, b := range tabs {
		b.connected()
		b.waitRow("received", "after the deploy")
	}
}

func TestHTTP2SwitchedOff(t *testing.T) {
	s := start(t, "-tls", "-http2=false")
	b := open(t, s, look{})
	b.connect()
	if got, want := b.text("#carrier"), "echo-protocol · HTTP/1.1"; got != want {
		t.Errorf("the page shows %q, want %q", got, want)
	}
	b.say("over wss")
	b.waitRow("received", "over wss")
	for _, r := range s.requests() {
		if r[:8] != "HTTP/1.1" {
			t.Errorf("over %s", r)
		}
	}
}

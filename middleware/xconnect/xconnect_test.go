// The tests are a package of their own: in xconnect itself they would make it import
// net/http, and so come after it.
package xconnect_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	_ "example.com/wsecho/middleware/xconnect"
	"example.com/wsecho/wsecho/wsechotest/await"
	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// TestMain also is the process that TestOperatorDecides starts: what net/http offers
// is settled before main.
func TestMain(m *testing.M) {
	if os.Getenv("XCONNECT_TEST_CHILD") != "" {
		on, err := offered()
		fmt.Println(on, err, os.Getenv("GODEBUG"))
		return
	}
	leaktest.Main(m)
}

// TestInitOrder is the pin: it fails when this package no longer is initialized
// before net/http, say because its path has changed.
func TestInitOrder(t *testing.T) {
	if decided := os.Getenv("GODEBUG"); decided != "http2xconnect=1" {
		t.Fatalf("GODEBUG is %q; the test needs it to be free", decided)
	}
	if on, err := offered(); err != nil || !on {
		t.Errorf("net/http offers extended CONNECT: %v, %v", on, err)
	}
}

func TestOperatorDecides(t *testing.T) {
	for _, tt := range []struct{ godebug, want string }{
		{"", "true <nil> http2xconnect=1"},
		{"http2xconnect=0", "false <nil> http2xconnect=0"},
		{"http2xconnect=1", "true <nil> http2xconnect=1"},
		{"madvdontneed=1", "true <nil> madvdontneed=1,http2xconnect=1"},
		{"madvdontneed=1,http2xconnect=0", "false <nil> madvdontneed=1,http2xconnect=0"},
	} {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "XCONNECT_TEST_CHILD=1", "GODEBUG="+tt.godebug)
		out, err := cmd.Output()
		if got := strings.TrimSpace(string(out)); err != nil || got != tt.want {
			t.Errorf("GODEBUG=%s: %q, %v; want %q", tt.godebug, got, err, tt.want)
		}
	}
}

// offered asks a server of this process for its SETTINGS, and reports whether
// SETTINGS_ENABLE_CONNECT_PROTOCOL is among them (RFC 8441, section 3).
func offered() (bool, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return false, err
	}
	srv := &http.Server{Protocols: new(http.Protocols)}
	srv.Protocols.SetUnencryptedHTTP2(true)
	go srv.Serve(ln)
	defer srv.Close()
	c, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		return false, err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(await.Patience))
	// RFC 9113, section 3.4: the preface, and an empty SETTINGS frame.
	if _, err := io.WriteString(c, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"); err != nil {
		return false, err
	}
	var head [9]byte
	if _, err := io.ReadFull(c, head[:]); err != nil {
		return false, err
	}
	if head[3] != 4 {
		return false, fmt.Errorf("the first frame has type %d, not SETTINGS", head[3])
	}
	settings := make([]byte, binary.BigEndian.Uint32(head[:4])>>8)
	if _, err := io.ReadFull(c, settings); err != nil {
		return false, err
	}
	for ; len(settings) >= 6; settings = settings[6:] {
		if binary.BigEndian.Uint16(settings) == 8 {
			return binary.BigEndian.Uint32(settings[2:]) == 1, nil
		}
	}
	return false, nil
}

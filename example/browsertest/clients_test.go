package browsertest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// command runs a client against the service and fails the test when it does.
func command(t *testing.T, s *service, name string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "WSECHO_URL="+s.url)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

func TestPython(t *testing.T) {
	s := start(t)
	// Not whichever python3 comes first: Debian's has the package.
	command(t, s, "/usr/bin/python3", "client.py", strings.Replace(s.url, "http", "ws", 1)+"/ws")
}

func TestNode(t *testing.T) {
	if _, err := os.Stat(filepath.Join("node_modules", "ws")); err != nil {
		t.Fatalf("run npm ci in example/browsertest first: %v", err)
	}
	for file, args := range map[string][]string{
		"ws.test.js":                    nil,
		"http2.test.js":                 {"-tls"},
		"miniprogram.test.js":           nil,
		"../miniprogram/socket.test.js": nil,
		"../miniprogram/link.test.js":   nil,
	} {
		t.Run(filepath.Base(file), func(t *testing.T) {
			command(t, start(t, args...), "node", "--test", file)
		})
	}
}

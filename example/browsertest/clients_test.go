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

// Each file of Node's tests has a service of its own.
func TestNode(t *testing.T) {
	modules(t)
	tests := map[string][]string{"ws.test.js": nil, "http2.test.js": {"-tls"}}
	for _, pattern := range []string{"miniprogram/*.test.js", "../miniprogram/*.test.js"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("no %s: %v", pattern, err)
		}
		for _, file := range files {
			tests[file] = nil
		}
	}
	for file, args := range tests {
		t.Run(filepath.Base(file), func(t *testing.T) {
			command(t, start(t, args...), "node", "--test", file)
		})
	}
}

// What the mini program calls of wx is there, as WeChat's own type definitions have it.
func TestTypes(t *testing.T) {
	modules(t)
	if out, err := exec.Command(filepath.Join("node_modules", ".bin", "tsc"), "-p", ".").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// modules fails the test if npm has not installed what it needs.
func modules(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(filepath.Join("node_modules", "ws")); err != nil {
		t.Fatalf("run npm ci in example/browsertest first: %v", err)
	}
}

package wsecho_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// readmeImports are what a block of the README that is no whole program may use, some by another name.
var readmeImports = []string{
	"bytes", "context", "errors", "expvar", "log", "log/slog", "net/http", "testing", "time",
	"github.com/coder/websocket", "github.com/go-chi/chi/v5", "chimiddleware github.com/go-chi/chi/v5/middleware",
	"example.com/wsecho/middleware", "example.com/wsecho/wsecho", "example.com/wsecho/wsecho/wsechotest",
}

// TestREADME builds every Go block of the README, each as a package of its own in a module that
// requires this one.
func TestREADME(t *testing.T) {
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	blocks := regexp.MustCompile("(?s)\n```go\n(.*?)\n```\n").FindAllSubmatch(readme, -1)
	if len(blocks) == 0 {
		t.Fatal("the README has no Go block")
	}
	for i, block := range blocks {
		name := "block.go"
		if bytes.Contains(block[1], []byte("*testing.T")) {
			name = "block_test.go"
		}
		path := filepath.Join(dir, fmt.Sprintf("block%d", i+1), name)
		writeFile(t, path, wholeFile(string(block[1])))
	}
	gomod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	requires := strings.Replace(string(gomod), "module example.com/wsecho\n", "module readme\n", 1)
	writeFile(t, filepath.Join(dir, "go.mod"), requires+
		"\nrequire example.com/wsecho v0.0.0\n\nreplace example.com/wsecho => "+root+"\n")
	gosum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "go.sum"), string(gosum))

	vet := exec.Command("go", "vet", "-mod=mod", "./...")
	vet.Dir = dir
	vet.Env = append(os.Environ(), "GOFLAGS=", "GOPROXY=off", "GOWORK=off")
	if out, err := vet.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// wholeFile gives a block the package clause and the imports that the page leaves out.
func wholeFile(block string) string {
	if strings.HasPrefix(block, "package ") {
		return block + "\n"
	}
	var b strings.Builder
	b.WriteString("package readme\n\nimport (\n")
	for _, path := range readmeImports {
		name, path, renamed := strings.Cut(path, " ")
		if !renamed {
			name, path = filepath.Base(strings.TrimSuffix(name, "/v5")), name
		}
		if regexp.MustCompile(`\b` + name + `\.[A-Z]`).MatchString(block) {
			fmt.Fprintf(&b, "\t%s %q\n", name, path)
		}
	}
	b.WriteString(")\n\n" + block + "\n")
	return b.String()
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

package wsecho_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"example.com/wsecho/wsecho/wsechotest/leaktest"
)

// blockImports are what a Go block that is no whole program may use, some by another name.
var blockImports = []string{
	"bytes", "context", "encoding/json", "errors", "expvar", "log", "log/slog", "net/http", "sync", "sync/atomic", "testing",
	"testing/synctest", "time",
	"github.com/coder/websocket", "github.com/go-chi/chi/v5", "chimiddleware github.com/go-chi/chi/v5/middleware",
	"example.com/wsecho/middleware", "example.com/wsecho/wsecho", "example.com/wsecho/wsecho/hub", "example.com/wsecho/wsecho/wsechotest",
}

var goBlock = regexp.MustCompile("(?ms)^```go\n(.*?)^```$")

// TestPagesCompile builds every Go block of the pages, each as a package of its own in a module that requires
// this one. Blocks of a nested module's pages need what that module requires: they are for its own tests.
func TestPagesCompile(t *testing.T) {
	leaktest.Slow(t)
	t.Parallel()
	dir := t.TempDir()
	blocks := 0
	for _, p := range pages(t) {
		if p.nested {
			continue
		}
		for i, m := range goBlock.FindAllStringSubmatch(p.text, -1) {
			name := "block.go"
			if strings.Contains(m[1], "*testing.T") {
				name = "block_test.go"
			}
			page := strings.NewReplacer("/", "_", ".md", "").Replace(p.path)
			writeFile(t, filepath.Join(dir, page, fmt.Sprintf("block%d", i+1), name), wholeFile(m[1]))
			blocks++
		}
	}
	if blocks == 0 {
		t.Fatal("the pages have no Go block")
	}
	writeModule(t, dir)
	vet := exec.Command("go", "vet", "-mod=mod", "./...")
	vet.Dir = dir
	vet.Env = append(os.Environ(), "GOFLAGS=", "GOPROXY=off", "GOWORK=off")
	if out, err := vet.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// writeModule makes dir a module that may import what this one does, and this one.
func writeModule(t *testing.T, dir string) {
	t.Helper()
	here, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	gomod, err := os.ReadFile(filepath.Join(here, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	gosum, err := os.ReadFile(filepath.Join(here, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	requires := strings.Replace(string(gomod), "module example.com/wsecho\n", "module pages\n", 1)
	writeFile(t, filepath.Join(dir, "go.mod"), requires+
		"\nrequire example.com/wsecho v0.0.0\n\nreplace example.com/wsecho => "+here+"\n")
	writeFile(t, filepath.Join(dir, "go.sum"), string(gosum))
}

// wholeFile gives a block the package clause and the imports that the page leaves out.
func wholeFile(block string) string {
	if strings.HasPrefix(block, "package ") {
		return block
	}
	var b strings.Builder
	b.WriteString("package pages\n\nimport (\n")
	for _, path := range blockImports {
		name, path, renamed := strings.Cut(path, " ")
		if !renamed {
			name, path = filepath.Base(strings.TrimSuffix(name, "/v5")), name
		}
		if regexp.MustCompile(`\b` + name + `\.[A-Z]`).MatchString(block) {
			fmt.Fprintf(&b, "\t%s %q\n", name, path)
		}
	}
	b.WriteString(")\n\n" + block)
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

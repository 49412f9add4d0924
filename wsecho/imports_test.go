package wsecho_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// mayImport says, for each package that a program gets with this one, what it may import besides the standard library:
// imports run strictly downward.
var mayImport = map[string][]string{
	"wsecho": {"internal/wire", "internal/deflate", "internal/frame", "internal/header",
		"internal/socket", // for its Lot alone
		"github.com/coder/websocket", "github.com/go-chi/chi/v5"},
	"internal/wire":    {"internal/deflate", "internal/frame", "internal/pool", "internal/socket", "github.com/coder/websocket"},
	"internal/deflate": {"internal/frame", "internal/header", "internal/pool", "github.com/coder/websocket"},
	"internal/frame":   {"github.com/coder/websocket"},
	"internal/header":  nil,
	"internal/pool":    nil,
	"internal/socket":  nil,
}

// endpointsOwn are what only the endpoint knows.
var endpointsOwn = []string{"net/http", "log", "log/slog"}

func TestImportsRunDownward(t *testing.T) {
	const module = "example.com/wsecho/"
	for _, os := range []string{"linux", "windows"} {
		cmd := exec.Command("go", "list", "-deps", "-f", `{{if not .Standard}}{{.ImportPath}} {{join .Imports " "}}{{end}}`, ".")
		cmd.Env = append(cmd.Environ(), "GOOS="+os, "CGO_ENABLED=0")
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		seen := 0
		for line := range strings.Lines(string(out)) {
			imports := strings.Fields(line)
			if !strings.HasPrefix(imports[0], module) {
				continue // chi's, and coder's
			}
			seen++
			for i, path := range imports {
				imports[i] = strings.TrimPrefix(strings.TrimPrefix(path, module), "wsecho/")
			}
			name := imports[0]
			may, known := mayImport[name]
			if !known {
				t.Errorf("%s is nowhere in the order of packages", name)
			}
			for _, path := range imports[1:] {
				standard := !strings.HasPrefix(path, "internal/") && !strings.Contains(strings.Split(path, "/")[0], ".")
				if !standard && !slices.Contains(may, path) || name != "wsecho" && slices.Contains(endpointsOwn, path) {
					t.Errorf("%s imports %s", name, path)
				}
			}
		}
		if seen != len(mayImport) {
			t.Errorf("%s: %d packages of ours, want %d", os, seen, len(mayImport))
		}
	}
}

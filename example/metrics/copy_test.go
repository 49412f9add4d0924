package metrics_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// mainBeside is a main whose names and imports are those that services have.
const mainBeside = `package main

import (
	"bytes"
	"net/http"
	"time"

	"example.com/wsecho/wsecho"
	"github.com/prometheus/client_golang/prometheus"
)

type (
	collector struct{}
	session   struct{}
	sessions  []session
	metrics   struct{ open, opened, ended, refused, messages, queued, latency int }
)

var open, opened, ended, refused, messages, queued, maxQueued, latency, sizes, h, s, reg = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12

func desc() *bytes.Buffer { return new(bytes.Buffer) }
func gauge() time.Duration { return 0 }
func counter() {}
func observe() {}
func look() {}
func percentiles() {}

func main() {
	sizes, onMessage := PrometheusSizes(nil)
	handler := &wsecho.Handler{OnMessage: onMessage}
	prometheus.MustRegister(sizes, Prometheus(handler))
	http.Handle("/ws", handler)
}
`

// TestCopy compiles copies of the files beside a main, all of them and those of each library alone. Their package line
// is all that changes.
func TestCopy(t *testing.T) {
	for name, files := range map[string][]string{
		"both":       {"latency.go", "otel.go", "prometheus.go"},
		"Prometheus": {"latency.go", "prometheus.go"},
	} {
		dir := t.TempDir()
		args := []string{"vet", filepath.Join(dir, "main.go")}
		write := func(name, text string) {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		write("main.go", mainBeside)
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			write(file, strings.Replace(string(source), "package metrics\n", "package main\n", 1))
			args = append(args, filepath.Join(dir, file))
		}
		if out, err := exec.Command("go", args...).CombinedOutput(); err != nil { // in this module, whose go.mod has what they import
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

package browsertest

import (
	"bytes"
	"embed"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/wsecho/wsecho/wsechotest/await"
)

//go:embed scenarios/*.js
var scenarios embed.FS

// What the page does in each engine: the scenarios are scripts that use it as a reader would, and throw when it
// does not do what it should. hands.js is what they have in common.
func TestScenarios(t *testing.T) {
	hands, err := scenarios.ReadFile("scenarios/hands.js")
	if err != nil {
		t.Fatal(err)
	}
	files, err := scenarios.ReadDir("scenarios")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d scenarios: %v", len(files), err)
	}
	for browser, run := range browsers {
		for _, file := range files {
			if file.Name() == "hands.js" {
				continue
			}
			t.Run(browser+"/"+strings.TrimSuffix(file.Name(), ".js"), func(t *testing.T) {
				script, err := scenarios.ReadFile(path.Join("scenarios", file.Name()))
				if err != nil {
					t.Fatal(err)
				}
				place := ""
				if first, _, _ := strings.Cut(string(script), "\n"); strings.HasPrefix(first, "// at #") {
					place = strings.TrimPrefix(first, "// at ")
				}
				front := startFront(t, start(t))
				if got := run(t, front.URL+"/"+place, "(async () => {"+string(hands)+"\ntry {"+string(script)+"\nreturn 'done' } catch (err) { return String(err) + ' ' + err.stack + report() } })()"); got != "done" {
					t.Error(got)
				}
			})
		}
	}
}

// startFront serves s at another address, where /freeze stops it in its tracks, and /thaw lets it go on: a server
// that is still there, for TCP, and answers nothing.
func startFront(t *testing.T, s *service) *httptest.Server {
	t.Helper()
	to, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", httputil.NewSingleHostReverseProxy(to))
	mux.HandleFunc("/freeze", func(http.ResponseWriter, *http.Request) {
		if err := s.Cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Error(err)
		}
		for deadline := time.Now().Add(await.Patience); !s.stopped(); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Error("the service does not stop")
				return
			}
		}
	})
	mux.HandleFunc("/thaw", func(http.ResponseWriter, *http.Request) {
		if err := s.Cmd.Process.Signal(syscall.SIGCONT); err != nil {
			t.Error(err)
		}
	})
	front := httptest.NewServer(mux)
	t.Cleanup(front.CloseClientConnections) // its sockets first, or Close waits for them
	return front
}

// stopped reports whether a SIGSTOP has reached each of the process's threads.
func (s *service) stopped() bool {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", s.Cmd.Process.Pid))
	if err != nil || len(threads) == 0 {
		s.t.Errorf("no threads: %v", err)
		return true
	}
	for _, thread := range threads {
		if status, err := os.ReadFile(thread); err == nil && !bytes.Contains(status, []byte("State:\tT")) {
			return false
		}
	}
	return true
}

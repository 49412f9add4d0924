package browsertest

import (
	"embed"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path"
	"strings"
	"syscall"
	"testing"
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
	signal := func(sig syscall.Signal) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			if err := s.Cmd.Process.Signal(sig); err != nil {
				t.Error(err)
			}
		}
	}
	mux.HandleFunc("/freeze", signal(syscall.SIGSTOP))
	mux.HandleFunc("/thaw", signal(syscall.SIGCONT))
	front := httptest.NewServer(mux)
	t.Cleanup(front.CloseClientConnections) // its sockets first, or Close waits for them
	return front
}

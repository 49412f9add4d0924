package main

import (
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strings"
	"testing"
)

func TestPage(t *testing.T) {
	url := serve(t)
	types := map[string]string{"": "text/html", ".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
	refers := regexp.MustCompile(`(?:from '|src="|href=")([^']+?)['"]`)
	served := 0
	err := fs.WalkDir(embedded, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		served++
		resp, err := http.Get(url + route(name))
		if err != nil {
			return err
		}
		resp.Body.Close()
		want := types[path.Ext(route(name))]
		if got := resp.Header.Get("Content-Type"); resp.StatusCode != 200 || want == "" || !strings.HasPrefix(got, want) {
			t.Errorf("%s: status %d, type %q", name, resp.StatusCode, got)
		}
		if got := resp.Header.Get("Content-Security-Policy"); !strings.Contains(got, "default-src 'none'") || strings.Contains(got, "unsafe") {
			t.Errorf("%s: policy %q", name, got)
		}

		// Whatever it refers to is served as well, and from here.
		text, _ := fs.ReadFile(embedded, name)
		for _, m := range refers.FindAllStringSubmatch(string(text), -1) {
			to := path.Join(path.Dir(route(name)), m[1])
			if status, _ := get(t, url+to); status != 200 {
				t.Errorf("%s refers to %s: status %d", name, to, status)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if served < 8 {
		t.Errorf("only %d files", served)
	}
}

func TestNothingElseIsServed(t *testing.T) {
	url := serve(t)
	for _, path := range []string{"/shared", "/shared/", "/page/", "/index.html", "/shared/link.test.js", "/link.test.js", "/page.go", "/../go.mod"} {
		if status, _ := get(t, url+path); status != http.StatusNotFound {
			t.Errorf("%s: status %d, want 404", path, status)
		}
	}
}

// A browser that has a file is told so, compressed or not; a HEAD is answered too.
func TestPageIsAskedForOnce(t *testing.T) {
	url := serve(t)
	for _, path := range []string{"/", "/page.js", "/shared/link.js"} {
		for _, encoding := range []string{"gzip", "identity"} {
			ask := func(method, tag string) *http.Response {
				t.Helper()
				req, _ := http.NewRequest(method, url+path, nil)
				req.Header.Set("Accept-Encoding", encoding)
				if tag != "" {
					req.Header.Set("If-None-Match", tag)
				}
				resp, err := insecure(t).Do(req)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				return resp
			}
			tag := ask("GET", "").Header.Get("ETag")
			if got := ask("GET", tag); got.StatusCode != http.StatusNotModified {
				t.Errorf("%s, %s, with %s: status %d, want 304", path, encoding, tag, got.StatusCode)
			}
			if got := ask("GET", `W/"another"`); got.StatusCode != http.StatusOK {
				t.Errorf("%s, %s, with another tag: status %d, want 200", path, encoding, got.StatusCode)
			}
			if got := ask("HEAD", ""); got.StatusCode != http.StatusOK || got.Header.Get("ETag") != tag {
				t.Errorf("HEAD %s, %s: status %d, ETag %q, want 200 and %s", path, encoding, got.StatusCode, got.Header.Get("ETag"), tag)
			}
		}
	}
}

// Safari before 15.4 does not count sockets as 'self', so they are named, by the host that was asked for.
// A host that is none gets into no directive.
func TestPolicyNamesTheSockets(t *testing.T) {
	for host, want := range map[string]string{
		"example.org":                " ws://example.org wss://example.org;",
		"127.0.0.1:8080":             " ws://127.0.0.1:8080 wss://127.0.0.1:8080;",
		"[::1]:8080":                 "connect-src 'self';",
		"a;script-src 'unsafe-eval'": "connect-src 'self';",
		"* *":                        "connect-src 'self';",
	} {
		if got := policy(host); !strings.Contains(got, want) || strings.Contains(got, "unsafe") {
			t.Errorf("for %q: %q, want %q in it", host, got, want)
		}
	}
}

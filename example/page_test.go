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
	types := map[string]string{"": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
	refers := regexp.MustCompile(`(?:from '|src="|href=")([^']+?)['"]`)
	served := 0
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
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
		text, _ := fs.ReadFile(files, name)
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
	for _, path := range []string{"/shared", "/shared/", "/page/", "/index.html", "/shared/link.test.js", "/page.go", "/../go.mod"} {
		if status, _ := get(t, url+path); status != http.StatusNotFound {
			t.Errorf("%s: status %d, want 404", path, status)
		}
	}
}

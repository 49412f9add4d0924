package wsecho_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// page is a Markdown file of the repository.
type page struct {
	path   string // from the root, with slashes
	text   string
	nested bool // in a module of its own, below the root's
}

const root = ".."

// pages returns every Markdown file of the repository.
func pages(t *testing.T) (all []page) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && path != root):
			return filepath.SkipDir
		case d.IsDir() || filepath.Ext(path) != ".md":
			return nil
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		all = append(all, page{filepath.ToSlash(rel), string(b), inNestedModule(filepath.Dir(path))})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 2 {
		t.Fatal("there are no pages beside the README")
	}
	return all
}

// inNestedModule reports whether dir belongs to another module than the root's.
func inNestedModule(dir string) bool {
	for ; filepath.Clean(dir) != root; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return true
		}
	}
	return false
}

// TestPagesAreShort: the README is read in three minutes, and leads to every page that answers one question.
func TestPagesAreShort(t *testing.T) {
	var readme page
	for _, p := range pages(t) {
		limit := 0
		switch {
		case p.path == "README.md":
			readme, limit = p, 160
		case strings.HasPrefix(p.path, "wsecho/docs/"):
			limit = 100
		}
		if n := strings.Count(p.text, "\n"); limit > 0 && n >= limit {
			t.Errorf("%s has %d lines, which must be under %d", p.path, n, limit)
		}
	}
	for _, p := range pages(t) {
		if strings.HasPrefix(p.path, "wsecho/docs/") && !strings.Contains(readme.text, "]("+p.path+")") {
			t.Errorf("the README has no link to %s", p.path)
		}
	}
}

var (
	codeBlock = regexp.MustCompile("(?ms)^```.*?^```$")
	linkTo    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading   = regexp.MustCompile(`(?m)^#+ (.*)$`)
	notInSlug = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// TestPagesLinks: every link that is not to another site leads to a file of the repository, and to a heading of it
// if it names one.
func TestPagesLinks(t *testing.T) {
	for _, p := range pages(t) {
		prose := codeBlock.ReplaceAllString(p.text, "")
		for _, m := range linkTo.FindAllStringSubmatch(prose, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			target, anchor, _ := strings.Cut(m[1], "#")
			path := filepath.Join(root, filepath.FromSlash(p.path))
			if target != "" {
				path = filepath.Join(filepath.Dir(path), filepath.FromSlash(target))
			}
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%s: %v", p.path, err)
				continue
			}
			if anchor == "" {
				continue
			}
			b, err := os.ReadFile(path)
			if err != nil || !slices.Contains(anchors(b), anchor) {
				t.Errorf("%s: %s has no heading for #%s (%v)", p.path, path, anchor, err)
			}
		}
	}
}

// anchors returns what GitHub names the headings of a page.
func anchors(text []byte) (all []string) {
	for _, m := range heading.FindAllSubmatch(codeBlock.ReplaceAll(text, nil), -1) {
		name := notInSlug.ReplaceAll(bytes.ToLower(m[1]), nil)
		all = append(all, strings.ReplaceAll(string(name), " ", "-"))
	}
	return all
}

package aroundtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"example.com/wsecho/middleware"
	"example.com/wsecho/wsecho"
)

// column is a way for a WebSocket to come to the handler, through the middleware.
type column struct {
	name       string
	tls, http2 bool
	inside     bool // the middleware stands between ExtendedConnect and the handler
	status     int  // what a middleware that notes it has to note
}

var columns = []column{
	{"HTTP/1.1", false, false, false, 101},
	{"HTTP/1.1, inside", false, false, true, 101},
	{"TLS", true, false, false, 101},
	{"TLS, inside", true, false, true, 101},
	{"HTTP/2, inside", true, true, true, 101},
	{"HTTP/2, outside", true, true, false, 200},
}

// TestTable tries every middleware in every column. The documentation of package middleware has the outcome.
func TestTable(t *testing.T) {
	doc, err := os.ReadFile("../doc.go")
	if err != nil {
		t.Fatal(err)
	}
	rows := slices.Concat(logs, frameworks, others, chis)
	slices.SortFunc(rows, func(a, b around) int { return strings.Compare(strings.ToLower(a.name), strings.ToLower(b.name)) })
	table := make([]string, len(rows))
	t.Run("row", func(t *testing.T) {
		for i, mw := range rows {
			t.Run(mw.name, func(t *testing.T) {
				t.Parallel()
				var outcomes []string
				for _, c := range columns {
					outcomes = append(outcomes, c.try(t, mw))
				}
				for _, o := range outcomes[1:4] { // ExtendedConnect, TLS or not: over HTTP/1.1 it is all one
					if o != outcomes[0] {
						t.Errorf("over HTTP/1.1 %q", outcomes[:4])
					}
				}
				table[i] = strings.TrimSpace(fmt.Sprintf("//\t%-32s%-14s%-14s%s", mw.name, outcomes[0], outcomes[4], outcomes[5]))
				if !strings.Contains(string(doc), table[i]+"\n") {
					t.Errorf("the documentation of package middleware has no row\n%s", table[i])
				}
			})
		}
	})
	if n := strings.Count(string(doc), "\n//\t"); n != len(rows)+1 {
		t.Errorf("the documentation has %d rows with its header; %d were tried:\n%s", n, len(rows), strings.Join(table, "\n"))
	}
}

// noted is what a middleware notes, and when.
type noted struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (n *noted) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.buf.Write(p)
}

func (n *noted) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.buf.String()
}

// baked is a middleware that sets a cookie, as any may before the handshake.
func baked(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "baked", Value: "1"})
		next.ServeHTTP(w, r)
	})
}

// try has one session through mw and says what was wrong with it, "yes" if nothing.
func (c column) try(t *testing.T, mw around) string {
	ws := &wsecho.Handler{Logger: slog.New(slog.DiscardHandler)}
	defer ws.Close()
	var note noted
	returned := make(chan struct{})
	h := baked(ws)
	if c.inside {
		h = middleware.ExtendedConnect(mw.wrap(&note)(h))
	} else {
		h = mw.wrap(&note)(middleware.ExtendedConnect(h))
	}
	s := httptest.NewUnstartedServer(after(h, func() { close(returned) }))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	if c.tls {
		s.EnableHTTP2 = c.http2
		s.StartTLS()
	} else {
		s.Start()
	}
	defer s.Close()
	o, err := open(s, c.http2)
	if err != nil {
		return err.Error()
	}
	defer o.Close()
	if err := o.converse(); err != nil {
		t.Logf("%s: %v", c.name, err)
		if errors.Is(err, errBytes) {
			return "stray bytes"
		}
		return "breaks"
	}
	<-returned
	for _, name := range []string{"baked", mw.cookie} {
		if !slices.ContainsFunc(o.header["Set-Cookie"], func(v string) bool { return name == "" || strings.HasPrefix(v, name+"=") }) {
			t.Logf("%s: cookies %q", c.name, o.header["Set-Cookie"])
			return "no cookie"
		}
	}
	if got := statuses.FindAllStringSubmatch(note.String(), -1); mw.notes {
		var all []string
		for _, m := range got {
			all = append(all, m[1])
		}
		if !slices.Contains(all, fmt.Sprint(c.status)) {
			t.Logf("%s: noted %q", c.name, note.String())
			return "notes " + strings.Join(all, " ")
		}
	}
	return "yes"
}

// statuses finds what may be a status: not a part of an address, a version or a time.
var statuses = regexp.MustCompile(`(?:^|[\s=":|])([0-5]\d\d)(?:[\s",}|]|$)`)

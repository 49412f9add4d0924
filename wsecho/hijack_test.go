package wsecho_test

import (
	"bufio"
	"net"
	"net/http"
	"strings"
	"testing"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
)

// failing is a writer that promises to hijack and fails.
type failing struct{ http.ResponseWriter }

func (failing) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, errSecret }

// seeThrough is a writer that shows the one below it.
type seeThrough struct{ http.ResponseWriter }

func (w seeThrough) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Writers that middleware puts in the way, or does not.
func TestHijackThroughWriters(t *testing.T) {
	for _, c := range []struct {
		name   string
		wrap   func(http.ResponseWriter) http.ResponseWriter
		status int
		blamed string
	}{
		{"one that shows the one below", func(w http.ResponseWriter) http.ResponseWriter { return seeThrough{w} }, 101, ""},
		{"two of them", func(w http.ResponseWriter) http.ResponseWriter { return seeThrough{seeThrough{w}} }, 101, ""},
		{"one that hides it", func(w http.ResponseWriter) http.ResponseWriter { return noHijack{w} }, 501, "wsecho_test.noHijack"},
		{"one that hides it, further down", func(w http.ResponseWriter) http.ResponseWriter { return seeThrough{noHijack{w}} }, 501, "wsecho_test.noHijack"},
		{"one that fails", func(w http.ResponseWriter) http.ResponseWriter { return failing{w} }, 501, "wsecho_test.failing"},
		{"one that fails, further down", func(w http.ResponseWriter) http.ResponseWriter { return seeThrough{failing{w}} }, 501, "wsecho_test.failing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := serve(t, &wsecho.Handler{}, func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(c.wrap(w), r) })
			})
			e.watch()
			p, answer, body := e.shake(t, peer.Request{})
			if answer.StatusCode != c.status {
				t.Fatalf("%s %q", answer.Status, body)
			}
			if p != nil {
				p.Send(peer.Text("m"))
				if got := p.Next(); got != "text:m" {
					t.Errorf("the peer saw %q", got)
				}
				return
			}
			checkRefusal(t, e, answer, fault{check: "hijack", status: 501})
			if !e.log.Has(c.blamed) {
				t.Errorf("the log does not name %s:\n%s", c.blamed, e.log)
			}
			if strings.Contains(body, "secret") {
				t.Errorf("the client is told: %q", body)
			}
		})
	}
}

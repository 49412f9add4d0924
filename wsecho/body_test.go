package wsecho_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	chimiddleware "github.com/go-chi/chi/v5/middleware"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
)

// What a proxy counts as the body of a handshake must never be read as frames, nor may what follows the body
// be answered.
func TestBodyIsNotFrames(t *testing.T) {
	frame := string(peer.Text("smuggled"))
	size := fmt.Sprint(len(frame))
	logger := chimiddleware.RequestLogger(&chimiddleware.DefaultLogFormatter{Logger: discard{}, NoColor: true})
	for mount, middlewares := range map[string][]func(http.Handler) http.Handler{"bare": nil, "behind chi's Logger": {logger}} {
		for name, c := range map[string]struct{ line, body string }{
			"Content-Length":                      {"Content-Length: " + size, frame},
			"Content-Length of what never comes":  {"Content-Length: 1000", frame},
			"chunked":                             {"Transfer-Encoding: chunked", fmt.Sprintf("%x", len(frame)) + "\r\n" + frame + "\r\n0\r\n\r\n"},
			"chunked, and empty":                  {"Transfer-Encoding: chunked", "0\r\n\r\n"},
			"Expect":                              {"Expect: 100-continue", frame},
			"Expect and Content-Length":           {"Expect: 100-continue\r\nContent-Length: " + size, frame},
			"Expect and Content-Length, not sent": {"Expect: 100-continue\r\nContent-Length: " + size, ""},
		} {
			t.Run(mount+"/"+name, func(t *testing.T) {
				e := serve(t, &wsecho.Handler{}, middlewares...)
				e.watch()
				head := peer.Request{Lines: strings.Split(c.line, "\r\n")}.Bytes()
				answer := e.answers(t, slices.Concat(head, []byte(c.body), peer.Text("behind it")))
				if !strings.HasPrefix(answer, "HTTP/1.1 400 ") || strings.Count(answer, "HTTP/1.1") != 1 {
					t.Errorf("the answer is %q", answer)
				}
				if he, _, n := e.last(); n != 1 || he.Check != "body" {
					t.Errorf("refused %d times, last for %q", n, he.Check)
				}
				if got := e.Stats(); got.Opened != 0 || got.MessagesIn != 0 {
					t.Errorf("%+v", got)
				}
			})
		}
	}
}

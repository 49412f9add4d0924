package peertest

import (
	"io"
	"net/http"
	"os/exec"
	"testing"

	"github.com/go-chi/chi/v5"

	"example.com/wsecho/middleware"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// TestNode runs node/client.mjs, which holds the expectations, against a service on
// each handler. It needs Node in the PATH.
func TestNode(t *testing.T) {
	for name, h := range handlers(t) {
		t.Run(name, func(t *testing.T) {
			rt := chi.NewRouter()
			rt.Use(middleware.ExtendedConnect)
			rt.Get("/", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "a page") })
			rt.Get("/ws", h.ServeHTTP)
			s := overHTTP2.serve(t, rt, nil)
			out, err := exec.CommandContext(await.Within(t), "node", "node/client.mjs", s.URL).CombinedOutput()
			if err != nil || string(out) != "ok\n" {
				t.Errorf("node: %v\n%s", err, out)
			}
			if n := s.tcp.Load(); n != 1 {
				t.Errorf("%d TCP connections, want 1", n)
			}
		})
	}
}

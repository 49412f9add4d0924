package wsecho_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"example.com/wsecho/wsecho"
)

// HTTP/2 can carry neither Connection nor Upgrade (RFC 9113 section 8.2.2), and so no 426 (RFC 9110 section
// 15.5.22). Behind middleware.ExtendedConnect see package http2test.
func TestRefusedOverHTTP2(t *testing.T) {
	h := &wsecho.Handler{Logger: slog.New(slog.DiscardHandler)}
	headers := make(chan http.Header, 2)
	h.ErrorHandler = func(w http.ResponseWriter, r *http.Request, err error) {
		headers <- w.Header().Clone()
		w.WriteHeader(err.(*wsecho.HandshakeError).Status)
	}
	srv := httptest.NewUnstartedServer(h)
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	for _, want := range []int{400, 503} {
		answer, err := srv.Client().Get(srv.URL)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.ProtoMajor != 2 || answer.StatusCode != want {
			t.Errorf("%s %s, want %d", answer.Proto, answer.Status, want)
		}
		if got := <-headers; got.Get("Connection") != "" || got.Get("Upgrade") != "" {
			t.Errorf("%d: malformed headers in %v", want, got)
		}
		if err := h.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

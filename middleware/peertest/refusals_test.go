package peertest

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/http2"

	"example.com/wsecho/middleware"
)

// TestRefusals: every refusal is a well-formed HTTP/2 response with the handler's own
// status, and what is no WebSocket endpoint does not seem to have opened one.
func TestRefusals(t *testing.T) {
	hs := handlers(t)
	mux := http.NewServeMux()
	for name, h := range hs {
		mux.Handle("GET /"+name, h)
	}
	mux.HandleFunc("GET /page", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "<p>a page") })
	mux.HandleFunc("GET /flushed", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Upgrade", "nonsense")
		http.NewResponseController(w).Flush()
		io.WriteString(w, "part")
	})
	mux.HandleFunc("GET /empty", func(w http.ResponseWriter, r *http.Request) {})
	mux.HandleFunc("GET /created", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusCreated) })
	mux.HandleFunc("GET /only101", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusSwitchingProtocols) })
	mux.HandleFunc("GET /hinted", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusForbidden)
	})
	mux.HandleFunc("GET /away", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/else", http.StatusFound) })
	mux.HandleFunc("GET /connection", func(w http.ResponseWriter, r *http.Request) {
		for _, name := range []string{"Connection", "Upgrade", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding"} {
			w.Header().Set(name, "upgrade")
		}
		http.Error(w, "no", http.StatusTeapot)
	})
	s := overHTTP2.serve(t, middleware.ExtendedConnect(mux), nil)
	f := overHTTP2.frames(t, s)
	foreign := []string{"origin", "https://elsewhere.example", "sec-websocket-protocol", "echo-protocol"}
	var id uint32 = 1
	for _, tt := range []struct {
		path   string
		more   []string
		status string
		body   string // a part of it; "" if there is none
	}{
		{"/coder", foreign, "403", "not authorized"},
		{"/gorilla", foreign, "403", "Forbidden"},
		{"/ReverseProxy", foreign, "403", "not authorized"},
		{"/wsecho", foreign, "403", "rigin"},
		{"/wsecho", []string{"sec-websocket-protocol", "another"}, "400", "echo-protocol"},
		{"/wsecho", []string{"sec-websocket-version", "12"}, "400", "13"}, // repeated: 13 and 12
		{"/nowhere", nil, "404", "not found"},
		{"/page", nil, "501", ""},
		{"/flushed", nil, "501", ""},
		{"/empty", nil, "501", ""},
		{"/created", nil, "501", ""},
		{"/only101", nil, "501", ""},
		{"/hinted", nil, "103", ""},
		{"/away", nil, "302", "/else"},
		{"/connection", nil, "418", "no"},
	} {
		t.Run(tt.path+" "+tt.status, func(t *testing.T) {
			head := f.connect(id, tt.path, tt.more...)
			if got := head.PseudoValue("status"); got != tt.status {
				t.Errorf("status %s, want %s", got, tt.status)
			}
			wantWellFormed(t, head)
			if tt.status == "103" {
				if head = f.header(id); head.PseudoValue("status") != "403" {
					t.Errorf("after the hints: %s", head.PseudoValue("status"))
				}
			}
			var body []byte
			for ended := head.StreamEnded(); !ended; {
				d := f.data(id)
				body, ended = append(body, d.Data()...), d.StreamEnded()
			}
			if !strings.Contains(string(body), tt.body) || tt.body == "" && len(body) > 0 {
				t.Errorf("body %q, want %q in it", body, tt.body)
			}
			f.wantReset(id, http2.ErrCodeNo)
			id += 2
		})
	}
	// The connection has taken no harm.
	f.connect(id, "/coder", "sec-websocket-protocol", "echo-protocol")
	f.wantEcho(id, "still")
}

// wantWellFormed knows RFC 9113, section 8.2.2, and RFC 8441, section 5.
func wantWellFormed(t *testing.T, head *http2.MetaHeadersFrame) {
	t.Helper()
	forbidden := []string{"connection", "upgrade", "keep-alive", "proxy-connection", "transfer-encoding", "sec-websocket-accept"}
	for _, field := range head.Fields {
		if slices.Contains(forbidden, field.Name) {
			t.Errorf("the response has %s: %s", field.Name, field.Value)
		}
	}
	if head.PseudoValue("status") == "200" && value(head, "content-length") != "" {
		t.Error("a 200 to a CONNECT has a Content-Length")
	}
}

func value(head *http2.MetaHeadersFrame, name string) string {
	for _, field := range head.RegularFields() {
		if field.Name == name {
			return field.Value
		}
	}
	return ""
}

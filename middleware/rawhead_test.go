package middleware

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestExtendedConnectRawHead lets a handler hijack first and write its response head
// itself, in pieces.
func TestExtendedConnectRawHead(t *testing.T) {
	for _, tt := range []struct {
		name   string
		writes []string
		status int
		body   string // what the peer gets after the header; "" if nothing
		fails  bool   // the last write
	}{
		{"in one", []string{"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"}, 200, "", false},
		{"with the first frame", []string{"HTTP/1.1 101 S\r\nA: b\r\n\r\nframe"}, 200, "frame", false},
		{"in pieces", []string{"HTTP/1.1 101", " S\r\nA: b\r", "\n\r", "\nfra"}, 200, "fra", false},
		{"a refusal", []string{"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"}, 400, "no", false},
		{"another 2xx", []string{"HTTP/1.1 204 No Content\r\n\r\n"}, 501, "", true},
		{"a 1xx", []string{"HTTP/1.1 100 Continue\r\n\r\n"}, 501, "", true},
		{"no HTTP", []string{"\x81\x00\r\n\r\n"}, 501, "", true},
		{"no end", []string{strings.Repeat("x", maxRawHead), "x"}, 501, "", true},
		{"nothing", nil, 501, "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := serveH2(t, ExtendedConnect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Not-In-The-Raw-Head", "but set by a middleware")
				conn, _, err := w.(http.Hijacker).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				defer conn.Close()
				w.WriteHeader(http.StatusGatewayTimeout) // as chi's Timeout: it comes too late
				for i, p := range tt.writes {
					n, err := io.WriteString(conn, p)
					if failed := err != nil; failed != (tt.fails && i == len(tt.writes)-1) {
						t.Errorf("write %d: %v", i, err)
					}
					if err == nil && n != len(p) {
						t.Errorf("write %d returned %d of %d", i, n, len(p))
					}
				}
			})))
			c.connect(1, "/")
			typ, flags, block := c.read(1)
			// 501 has no index of its own: it is a literal, in Huffman code (RFC 7541, section 6.2.1).
			want := map[int]string{200: "\x88", 400: "\x8c", 501: "\x4e\x82\x6c\x01"}[tt.status]
			if typ != h2Headers || !strings.HasPrefix(string(block), want) {
				t.Fatalf("got frame type %d, %q; want the header of a %d", typ, block, tt.status)
			}
			var body []byte
			for flags&1 == 0 {
				var p []byte
				if typ, flags, p = c.read(1); typ != h2Data {
					t.Fatalf("got frame type %d", typ)
				}
				body = append(body, p...)
			}
			if string(body) != tt.body {
				t.Errorf("got %q; want %q", body, tt.body)
			}
		})
	}
}

// TestRawHeadFailsOnce: what comes after an error is neither kept nor made sense of.
func TestRawHeadFailsOnce(t *testing.T) {
	for name, first := range map[string]string{
		"too long": strings.Repeat("x", maxRawHead+1),
		"no HTTP":  "\x81\x00\r\n\r\n",
	} {
		h := &rawHead{}
		_, _, want := h.take([]byte(first))
		seen := len(h.seen)
		for range 3 {
			if rest, complete, err := h.take([]byte("HTTP/1.1 101 S\r\n\r\n")); err != want || complete || rest != nil {
				t.Errorf("%s: then %q, %v, %v; want %v again", name, rest, complete, err, want)
			}
		}
		if want == nil || len(h.seen) != seen {
			t.Errorf("%s: fails with %v, and keeps %d bytes after %d", name, want, len(h.seen), seen)
		}
	}
}

package wsecho_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	chimiddleware "github.com/go-chi/chi/v5/middleware"

	"example.com/wsecho/middleware"
	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/internal/peer"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// recorder is the usual writer of an access log.
type recorder struct {
	http.ResponseWriter
	status int
}

func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *recorder) WriteHeader(code int) {
	w.status = code
	w.ResponseWriter.WriteHeader(code)
}

// Access logs see the 101, also around what else is in the way.
func TestAccessLogSees101(t *testing.T) {
	own := func(next http.Handler, status func(int)) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rec := &recorder{ResponseWriter: w}
			next.ServeHTTP(rec, r)
			status(rec.status)
		})
	}
	chis := func(next http.Handler, status func(int)) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ww := chimiddleware.NewWrapResponseWriter(w, r.ProtoMajor)
			next.ServeHTTP(ww, r)
			status(ww.Status())
		})
	}
	limit := middleware.LimitPerClient(10, nil)
	for name, c := range map[string]struct {
		log    func(next http.Handler, status func(int)) http.Handler
		around func(http.Handler) http.Handler // the handler, within log
	}{
		"one's own":                        {own, nil},
		"chi's":                            {chis, nil},
		"one's own, around LimitPerClient": {own, limit},
		"chi's, around LimitPerClient":     {chis, limit},
		"chi's, around chi's Compress":     {chis, chimiddleware.Compress(5)},
	} {
		t.Run(name, func(t *testing.T) {
			seen := make(chan int, 1)
			e := serve(t, &wsecho.Handler{}, func(next http.Handler) http.Handler {
				if c.around != nil {
					next = c.around(next)
				}
				return c.log(next, func(status int) { seen <- status })
			})
			p := e.open(t)
			p.Send(peer.Text("m"))
			if got := p.Next(); got != "text:m" {
				t.Errorf("the peer saw %q", got)
			}
			if status := await.Value(t, "the handler returns", seen); status != 101 {
				t.Errorf("the log saw %d", status)
			}
		})
	}
}

// delaying is a writer that keeps the status back until there is a body, as compressors do.
type delaying struct {
	http.ResponseWriter
	status int
}

func (w *delaying) Unwrap() http.ResponseWriter { return w.ResponseWriter }
func (w *delaying) WriteHeader(code int)        { w.status = code }

// opaqueDelaying is one without Unwrap, as gziphandler's.
type opaqueDelaying struct{ *delaying }

func (w opaqueDelaying) Unwrap() {}

func (w opaqueDelaying) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return w.ResponseWriter.(http.Hijacker).Hijack()
}

// cookie is a writer that adds its header with the status, as scs's.
type cookie struct{ http.ResponseWriter }

func (w cookie) WriteHeader(code int) {
	w.Header().Add("Set-Cookie", "session=1")
	w.ResponseWriter.WriteHeader(code)
}

func (w cookie) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return w.ResponseWriter.(http.Hijacker).Hijack()
}

// rawHead returns the lines of the answer to a handshake, and the connection after them.
func (e *endpoint) rawHead(t *testing.T) (lines []string, rest *peer.Peer) {
	t.Helper()
	c, err := net.Dial("tcp", e.srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(await.Patience))
	c.Write(peer.Request{}.Bytes())
	for line := ""; line != "\r\n"; {
		line = ""
		for !strings.HasSuffix(line, "\n") { // byte by byte, as the frames are the peer's to read
			var b [1]byte
			if _, err := io.ReadFull(c, b[:]); err != nil {
				t.Fatalf("after %q %q: %v", lines, line, err)
			}
			line += string(b[:])
		}
		lines = append(lines, strings.TrimSpace(line))
	}
	return lines[:len(lines)-1], peer.New(c)
}

// One head arrives, whatever the writers make of the announcement: with RFC 6455's spelling, with what middleware has
// set before and at the announcement, and without what would break it.
func TestHead(t *testing.T) {
	type wrap = func(http.ResponseWriter) http.ResponseWriter
	for name, c := range map[string]struct {
		wrap   wrap
		cookie bool
	}{
		"bare":                              {func(w http.ResponseWriter) http.ResponseWriter { return w }, false},
		"announced":                         {func(w http.ResponseWriter) http.ResponseWriter { return seeThrough{w} }, false},
		"announced to an opaque one":        {func(w http.ResponseWriter) http.ResponseWriter { return opaque{w, nil} }, false},
		"kept back":                         {func(w http.ResponseWriter) http.ResponseWriter { return &delaying{ResponseWriter: w} }, false},
		"kept back by one without Unwrap":   {func(w http.ResponseWriter) http.ResponseWriter { return opaqueDelaying{&delaying{ResponseWriter: w}} }, false},
		"with a cookie":                     {func(w http.ResponseWriter) http.ResponseWriter { return cookie{w} }, true},
		"with a cookie, and kept back":      {func(w http.ResponseWriter) http.ResponseWriter { return cookie{&delaying{ResponseWriter: w}} }, true},
		"with a cookie, and one that fails": {func(w http.ResponseWriter) http.ResponseWriter { return cookie{failing{w}} }, true},
		"with a cookie, behind chi's Logger": {func(w http.ResponseWriter) http.ResponseWriter {
			return cookie{chimiddleware.NewWrapResponseWriter(w, 1)}
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			e := serve(t, &wsecho.Handler{}, throughWriter(func(w http.ResponseWriter) http.ResponseWriter {
				w.Header().Set("X-Before", " two\r\nlines ")
				w.Header()["X-Split\r\nInjected"] = []string{"1"}
				w.Header()["Trailer:X"] = []string{"1"}
				w.Header()["sec-websocket-protocol"] = []string{"middleware's"}
				return c.wrap(w)
			}))
			lines, p := e.rawHead(t)
			lines = slices.DeleteFunc(lines, func(line string) bool { return strings.HasPrefix(line, "Date: ") })
			want := []string{"HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Protocol: echo-protocol",
				"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "X-Before: two  lines"}
			if c.cookie {
				want = append(want, "Set-Cookie: session=1")
			}
			slices.Sort(lines)
			if slices.Sort(want); !slices.Equal(lines, want) {
				t.Errorf("the head is\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
			}
			p.Send(peer.Text("m"))
			if got := p.Next(); got != "text:m" {
				t.Errorf("the peer saw %q", got)
			}
		})
	}
}

package peertest

import (
	"errors"
	"net"
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/go-chi/chi/v5"
	chimiddleware "github.com/go-chi/chi/v5/middleware"
	"golang.org/x/net/http2"

	"example.com/wsecho/middleware"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// places puts mw inside and outside ExtendedConnect.
func places(mw func(http.Handler) http.Handler, h http.Handler) map[string]http.Handler {
	return map[string]http.Handler{
		"inside":  middleware.ExtendedConnect(mw(h)),
		"outside": mw(middleware.ExtendedConnect(h)),
	}
}

// records is a log for chi's RequestLogger.
type records struct {
	lines  chan string
	panics chan any
}

func newRecords() records { return records{make(chan string, 10), make(chan any, 10)} }

func (l records) Print(v ...any) { l.lines <- v[0].(string) }

func (l records) NewLogEntry(r *http.Request) chimiddleware.LogEntry {
	f := &chimiddleware.DefaultLogFormatter{Logger: l, NoColor: true}
	return entry{f.NewLogEntry(r), l}
}

type entry struct {
	chimiddleware.LogEntry
	log records
}

func (e entry) Panic(v any, stack []byte) { e.log.panics <- v } // chi's own would print it

// TestLogger: inside it records a GET and the 101 that the handler says, if it does; outside the
// CONNECT, the 200, and the time that the connection took.
func TestLogger(t *testing.T) {
	for name, statusInside := range map[string]string{
		"coder": "101", "wsecho": "101", "gorilla": "000", "ReverseProxy": "000", // who hijacks first tells the writer nothing
	} {
		log := newRecords()
		for place, h := range places(chimiddleware.RequestLogger(log), handlers(t)[name]) {
			t.Run(name+" "+place, func(t *testing.T) {
				f := overHTTP2.frames(t, overHTTP2.serve(t, h, nil))
				f.connect(1, "/", "sec-websocket-protocol", "echo-protocol")
				f.wantEcho(1, "hi")
				if place == "outside" && len(log.lines) > 0 {
					t.Errorf("it is logged while it lasts: %s", <-log.lines)
				}
				f.send(1, 8, "\x03\xe8")
				want := `^"GET https?://\S+/ HTTP/2\.0" from \S+ - ` + statusInside + ` 0B in `
				if place == "outside" {
					want = `^"CONNECT https?://\S+/ HTTP/2\.0" from \S+ - 200 0B in `
				}
				if got := await.Value(t, "lines", log.lines); !regexp.MustCompile(want).MatchString(got) {
					t.Errorf("logged %s, want %s", got, want)
				}
			})
		}
	}
}

// TestRecoverer: a panic is recovered and answered, and takes the connection that the handler has
// hijacked along where it gets to ExtendedConnect; who still uses it sees net.ErrClosed.
func TestRecoverer(t *testing.T) {
	for _, upgraded := range []bool{false, true} {
		log := newRecords()
		used := make(chan error, 1)
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !upgraded {
				panic("before the answer")
			}
			w.WriteHeader(http.StatusSwitchingProtocols)
			c, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			begun := make(chan bool)
			go func() {
				_, err := c.Write([]byte("x"))
				close(begun)
				for err == nil {
					_, err = c.Write([]byte("x"))
					time.Sleep(time.Millisecond)
				}
				used <- err
			}()
			<-begun
			if r.URL.Path == "/inside" {
				defer c.Close() // nobody else would
			}
			panic("with the connection in use")
		})
		recoverer := func(next http.Handler) http.Handler {
			return chimiddleware.RequestLogger(log)(chimiddleware.Recoverer(next))
		}
		for place, h := range places(recoverer, h) {
			f := overHTTP2.frames(t, overHTTP2.serve(t, h, nil), http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 20})
			head := f.connect(1, "/"+place)
			await.Value(t, "panics", log.panics)
			want := map[bool]map[string]string{false: {"inside": "501", "outside": "500"}, true: {"inside": "200", "outside": "200"}}
			if got := head.PseudoValue("status"); got != want[upgraded][place] {
				t.Errorf("%s, upgraded: %v: answered %s", place, upgraded, got)
			}
			wantWellFormed(t, head)
			if upgraded {
				if err := await.Value(t, "used", used); !errors.Is(err, net.ErrClosed) {
					t.Errorf("%s: who still writes gets %v", place, err)
				}
			}
			await.Value(t, "lines", log.lines)
			f.fr.WritePing(false, [8]byte{1}) // the HTTP/2 connection has taken no harm
			for {
				if p, ok := f.next().(*http2.PingFrame); ok && p.IsAck() {
					break
				}
			}
		}
	}
}

// TestHeartbeat: its own path is no WebSocket, inside or outside.
func TestHeartbeat(t *testing.T) {
	for place, h := range places(chimiddleware.Heartbeat("/ping"), http.HandlerFunc(http.NotFound)) {
		f := overHTTP2.frames(t, overHTTP2.serve(t, h, nil))
		want := map[string]string{"inside": "501", "outside": "404"}[place] // a 200 to a GET; not to a CONNECT
		if got := f.connect(1, "/ping").PseudoValue("status"); got != want {
			t.Errorf("%s: answered %s, want %s", place, got, want)
		}
	}
}

// TestCrossOriginProtection: a CONNECT is not safe to it, and a GET is.
func TestCrossOriginProtection(t *testing.T) {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{OriginPatterns: []string{"app.example"}})
		if err == nil {
			c.CloseNow()
		}
	})
	for place, h := range places(http.NewCrossOriginProtection().Handler, h) {
		f := overHTTP2.frames(t, overHTTP2.serve(t, h, nil))
		want := map[string]string{"inside": "200", "outside": "403"}[place]
		for i, headers := range [][]string{
			{"origin", "https://app.example", "sec-fetch-site", "cross-site"},
			{"origin", "https://app.example"},
		} {
			if got := f.connect(uint32(2*i+1), "/", headers...).PseudoValue("status"); got != want {
				t.Errorf("%s: an origin that the handler allows: %s, want %s", place, got, want)
			}
		}
		if got := f.connect(5, "/", "origin", "https://evil.example").PseudoValue("status"); got != "403" {
			t.Errorf("%s: an origin that it does not allow: %s, want 403", place, got)
		}
	}
}

// TestGroupComesAfterTheRouting, as documented.
func TestGroupComesAfterTheRouting(t *testing.T) {
	rt := chi.NewRouter()
	rt.Group(func(r chi.Router) {
		r.Use(middleware.ExtendedConnect)
		r.Get("/get", coderEcho)
		r.Handle("/handle", http.HandlerFunc(coderEcho))
	})
	f := overHTTP2.frames(t, overHTTP2.serve(t, rt, nil))
	for i, tt := range []struct{ path, want string }{{"/get", "405"}, {"/handle", "200"}} {
		head := f.connect(uint32(2*i+1), tt.path)
		if got := head.PseudoValue("status"); got != tt.want {
			t.Errorf("%s in a Group: %s, want %s", tt.path, got, tt.want)
		}
	}
}

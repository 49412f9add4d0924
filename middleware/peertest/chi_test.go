package peertest

import (
	"bytes"
	"context"
	"io"
	"log"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/go-chi/chi/v5"
	chimiddleware "github.com/go-chi/chi/v5/middleware"

	"example.com/wsecho/middleware"
	"example.com/wsecho/wsecho/wsechotest/await"
)

const chiTimeout = 100 * time.Millisecond

// chiMiddleware is chi's own, by the names in ExtendedConnect's documentation.
var chiMiddleware = map[string]func(http.Handler) http.Handler{
	"RequestID":        chimiddleware.RequestID,
	"ClientIP":         chimiddleware.ClientIPFromRemoteAddr,
	"Logger":           chimiddleware.RequestLogger(&chimiddleware.DefaultLogFormatter{Logger: log.New(io.Discard, "", 0), NoColor: true}),
	"Recoverer":        chimiddleware.Recoverer,
	"Compress":         chimiddleware.Compress(5),
	"Throttle":         chimiddleware.Throttle(100),
	"NoCache":          chimiddleware.NoCache,
	"StripSlashes":     chimiddleware.StripSlashes,
	"CleanPath":        chimiddleware.CleanPath,
	"Timeout":          chimiddleware.Timeout(chiTimeout),
	"RequestSize":      chimiddleware.RequestSize(1024),
	"AllowContentType": chimiddleware.AllowContentType("application/json"),
	"ContentCharset":   chimiddleware.ContentCharset("utf-8"),
	"GetHead":          chimiddleware.GetHead,
	"Heartbeat":        chimiddleware.Heartbeat("/ping"),
}

// TestChiMiddleware proves the table in ExtendedConnect's documentation, row by row:
// what it says works does, and what it does not say fails.
func TestChiMiddleware(t *testing.T) {
	rows := documented(t)
	if len(rows) != len(chiMiddleware) {
		t.Errorf("%d rows are documented, %d tested", len(rows), len(chiMiddleware))
	}
	for name, mw := range chiMiddleware {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var works []string
			for _, place := range []string{"inside", "outside"} {
				if sessionsWork(t, mw, place) {
					works = append(works, place)
				}
			}
			if works == nil && sessionsWork(t, middleware.ExceptUpgrade(mw), "inside") && sessionsWork(t, middleware.ExceptUpgrade(mw), "outside") {
				works = []string{"with ExceptUpgrade"}
			}
			if got := strings.Join(works, ", "); got != rows[name] {
				t.Errorf("works %q, documented as %q", got, rows[name])
			}
		})
	}
}

func TestTimeoutHandler(t *testing.T) {
	mw := func(next http.Handler) http.Handler { return http.TimeoutHandler(next, chiTimeout, "") }
	for _, place := range []string{"inside", "outside"} {
		if sessionsWork(t, mw, place) {
			t.Errorf("http.TimeoutHandler works %s, documented otherwise", place)
		}
		if !sessionsWork(t, middleware.ExceptUpgrade(mw), place) {
			t.Errorf("http.TimeoutHandler does not work %s with ExceptUpgrade", place)
		}
	}
}

// TestAllMiddlewareAtOnce stacks what is documented to work, in one router.
func TestAllMiddlewareAtOnce(t *testing.T) {
	var inside, outside []func(http.Handler) http.Handler
	for name, places := range documented(t) {
		if strings.HasPrefix(places, "inside") {
			inside = append(inside, chiMiddleware[name])
		}
		if strings.HasSuffix(places, "outside") {
			outside = append(outside, chiMiddleware[name])
		}
	}
	rt := chi.NewRouter()
	rt.Use(outside...)
	rt.Use(middleware.ExtendedConnect)
	rt.Use(inside...)
	if !echoes(t, rt) {
		t.Error("they do not work all at once")
	}
}

// documented returns the rows of the table, without what is in parentheses.
func documented(t *testing.T) map[string]string {
	t.Helper()
	src, err := os.ReadFile("../extendedconnect.go")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^//\t(\w+) {2,}([^(\n]+?)(?: \(.*\))?$`).FindAllStringSubmatch(string(src), -1) {
		rows[m[1]] = m[2]
	}
	return rows
}

// sessionsWork reports whether sessions over HTTP/2 live with mw in that place.
func sessionsWork(t *testing.T, mw func(http.Handler) http.Handler, place string) bool {
	t.Helper()
	rt := chi.NewRouter()
	if place == "inside" {
		rt.Use(middleware.ExtendedConnect, mw)
	} else {
		rt.Use(mw, middleware.ExtendedConnect)
	}
	return echoes(t, rt)
}

// echoes adds handlers to rt and reports whether all of them echo, for longer than
// chiTimeout.
func echoes(t *testing.T, rt chi.Router) bool {
	t.Helper()
	contexts := make(chan context.Context, 1)
	rt.Get("/coder", func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		contexts <- r.Context()
		for { // as coder's examples do, as long as the request's context lives
			typ, p, err := c.Read(r.Context())
			if err != nil || r.Context().Err() != nil || c.Write(r.Context(), typ, p) != nil {
				return
			}
		}
	})
	rt.Get("/gorilla", gorillaEcho)
	rt.Get("/wsecho", wsechoEcho(t).ServeHTTP)
	s := overHTTP2.serve(t, rt, nil)
	h2 := overHTTP2.h2(t)
	for _, name := range []string{"coder", "gorilla", "wsecho"} {
		c, _, err := websocket.Dial(await.Within(t), s.URL+"/"+name, &websocket.DialOptions{
			HTTPClient: h2.Client(), Subprotocols: []string{"echo-protocol"},
			HTTPHeader: http.Header{"Accept-Encoding": {"gzip"}},
		})
		if err != nil {
			return false
		}
		defer c.CloseNow()
		for i := range 2 {
			if i == 1 && name == "coder" {
				<-time.After(chiTimeout + chiTimeout/2)
				ctx := await.Value(t, "contexts", contexts)
				if _, limited := ctx.Deadline(); limited {
					<-ctx.Done()
				}
			}
			msg := bytes.Repeat([]byte("x"), 3000)
			if c.Write(await.Within(t), websocket.MessageBinary, msg) != nil {
				return false
			}
			if _, p, err := c.Read(await.Within(t)); err != nil || !bytes.Equal(p, msg) {
				return false
			}
		}
	}
	return true
}

// TestThrottleOutsideCountsConnections, as documented: ExtendedConnect stays.
func TestThrottleOutsideCountsConnections(t *testing.T) {
	for place, wantSecond := range map[string]bool{"inside": true, "outside": false} {
		rt := chi.NewRouter()
		if place == "inside" {
			rt.Use(middleware.ExtendedConnect, chimiddleware.Throttle(1))
		} else {
			rt.Use(chimiddleware.Throttle(1), middleware.ExtendedConnect)
		}
		rt.Get("/", wsechoEcho(t).ServeHTTP) // returns when the session has begun
		s := overHTTP2.serve(t, rt, nil)
		hc := overHTTP2.client(t, s)
		first := dial(t, s, hc, "/", websocket.DialOptions{})
		roundTrip(t, first, []byte("open"))
		second := false
		ctx, cancel := context.WithTimeout(context.Background(), await.Patience)
		// ServeHTTP returns just after the session has begun.
		for tries := 0; tries < 50 || wantSecond && ctx.Err() == nil; tries++ {
			c, _, err := websocket.Dial(ctx, s.URL, &websocket.DialOptions{HTTPClient: hc, Subprotocols: []string{"echo-protocol"}})
			if err == nil {
				c.CloseNow()
				second = true
				break
			}
			<-time.After(time.Millisecond)
		}
		cancel()
		if second != wantSecond {
			t.Errorf("Throttle(1) %s: a second connection beside an open one: %v, want %v", place, second, wantSecond)
		}
	}
}

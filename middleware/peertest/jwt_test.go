package peertest

import (
	"bytes"
	"encoding/base64"
	"log"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/go-chi/chi/v5"
	chimiddleware "github.com/go-chi/chi/v5/middleware"
	"github.com/go-chi/jwtauth/v5"

	"example.com/wsecho/middleware"
	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// TestJWT puts chi's JWT middleware behind BearerSubprotocol, with logs on everywhere:
// a bad token is refused with 401 before the upgrade, and no token shows in any log
// record or response.
func TestJWT(t *testing.T) {
	auth := jwtauth.New("HS256", []byte("key"), nil)
	sign := func(a *jwtauth.JWTAuth, claims map[string]any) string {
		_, token, err := a.Encode(claims)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	good := sign(auth, map[string]any{"sub": "ann", "exp": time.Now().Add(time.Hour)})
	expired := sign(auth, map[string]any{"sub": "ann", "exp": time.Now().Add(-time.Hour)})
	forged := sign(jwtauth.New("HS256", []byte("another"), nil), map[string]any{"sub": "ann"})
	encoded := base64.RawURLEncoding.EncodeToString([]byte(good))
	secrets := []string{good, expired, forged, encoded}

	for _, over := range transports {
		for _, order := range []string{"before ExtendedConnect", "after ExtendedConnect"} {
			t.Run(over.name+", "+order, func(t *testing.T) {
				var out, answers logBuffer
				logger := log.New(&out, "", 0)
				h := &wsecho.Handler{Logger: slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))}
				defer h.Close()
				rt := chi.NewRouter()
				rt.Use(chimiddleware.RequestLogger(&chimiddleware.DefaultLogFormatter{Logger: logger, NoColor: true}))
				if order == "before ExtendedConnect" {
					rt.Use(middleware.BearerSubprotocol("bearer."), middleware.ExtendedConnect)
				} else {
					rt.Use(middleware.ExtendedConnect, middleware.BearerSubprotocol("bearer."))
				}
				rt.Use(jwtauth.Verifier(auth), jwtauth.Authenticator(auth))
				rt.Method(http.MethodGet, "/wsecho", h)
				rt.Get("/coder", coderEcho)
				s := over.serve(t, rt, func(s *http.Server) { s.ErrorLog = logger })
				hc := over.client(t, s)
				for _, path := range []string{"/wsecho", "/coder"} {
					for _, tt := range []struct {
						name       string
						offered    []string
						header     http.Header
						wantStatus int
					}{
						{"good", []string{"echo-protocol", "bearer." + good}, nil, 101},
						{"good, first", []string{"bearer." + good, "echo-protocol"}, nil, 101},
						{"good, encoded", []string{"echo-protocol", "base64url.bearer." + encoded}, nil, 101},
						{"in the header", []string{"echo-protocol", "bearer." + forged}, http.Header{"Authorization": {"Bearer " + good}}, 101},
						{"expired", []string{"echo-protocol", "bearer." + expired}, nil, 401},
						{"forged", []string{"echo-protocol", "bearer." + forged}, nil, 401},
						{"missing", []string{"echo-protocol"}, nil, 401},
						{"a header that is bad wins", []string{"echo-protocol", "bearer." + good}, http.Header{"Authorization": {"Bearer " + forged}}, 401},
						{"good, but a subprotocol that is not spoken", []string{"another", "bearer." + good}, nil, map[string]int{"/wsecho": 400, "/coder": 101}[path]},
					} {
						c, resp, err := websocket.Dial(await.Within(t), s.URL+path, &websocket.DialOptions{
							HTTPClient: hc, Subprotocols: tt.offered, HTTPHeader: tt.header})
						if resp == nil || resp.StatusCode != tt.wantStatus {
							t.Errorf("%s, %s: %v, %v; want %d", path, tt.name, resp, err, tt.wantStatus)
							continue
						}
						if err == nil {
							roundTrip(t, c, []byte("hello"))
							c.Close(websocket.StatusNormalClosure, "")
						}
						resp.Write(&answers)
					}
				}
				s.Close()
				for what, buf := range map[string]*logBuffer{"log": &out, "answers": &answers} {
					for _, secret := range secrets {
						if strings.Contains(buf.String(), secret) {
							t.Errorf("a token is in the %s:\n%s", what, buf.String())
						}
					}
				}
				if !strings.Contains(out.String(), "/wsecho") || !strings.Contains(answers.String(), "401 Unauthorized") {
					t.Error("nothing was logged or answered: the test sees nothing")
				}
			})
		}
	}
}

// logBuffer is a buffer for several goroutines.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

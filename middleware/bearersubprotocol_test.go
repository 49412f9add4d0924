package middleware

import (
	"encoding/base64"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	chimiddleware "github.com/go-chi/chi/v5/middleware"

	"example.com/wsecho/wsecho/wsechotest/await"
)

func TestBearerSubprotocol(t *testing.T) {
	const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln_-A"
	encode := base64.RawURLEncoding.EncodeToString
	for _, tt := range []struct {
		name          string
		offered       []string // header lines
		authorization []string
		want          []string // Authorization
		wantOffered   []string
	}{
		{"token first", []string{"bearer." + jwt + ", echo-protocol"}, nil, []string{"Bearer " + jwt}, []string{"echo-protocol"}},
		{"token last, no blank", []string{"echo-protocol,bearer." + jwt}, nil, []string{"Bearer " + jwt}, []string{"echo-protocol"}},
		{"header lines", []string{"a", "bearer." + jwt, "b"}, nil, []string{"Bearer " + jwt}, []string{"a, b"}},
		{"nothing else offered", []string{"bearer." + jwt}, nil, []string{"Bearer " + jwt}, nil},
		{"the first of two counts", []string{"bearer.one, bearer.two, a"}, nil, []string{"Bearer one"}, []string{"a"}},
		{"base64url", []string{"a, base64url.bearer." + encode([]byte("a+b/c=="))}, nil, []string{"Bearer a+b/c=="}, []string{"a"}},
		{"base64url of no token", []string{"a, base64url.bearer." + encode([]byte("a\r\nX: y"))}, nil, nil, []string{"a"}},
		{"bad base64url", []string{"a, base64url.bearer.$$$"}, nil, nil, []string{"a"}},
		{"base64url, then none", []string{"a, base64url.bearer.YWJj!!"}, nil, nil, []string{"a"}},
		{"base64url, then a suffix", []string{"a, base64url.bearer.YWJjZGVm.x"}, nil, nil, []string{"a"}},
		{"base64url with padding", []string{"a, base64url.bearer.YWJjZA=="}, nil, nil, []string{"a"}},
		{"base64url with trailing bits", []string{"a, base64url.bearer.YWJjZB"}, nil, nil, []string{"a"}},
		{"base64, not base64url", []string{"a, base64url.bearer.Pj4+"}, nil, nil, []string{"a"}},
		{"a header wins", []string{"a, bearer." + jwt}, []string{"Basic eDp5"}, []string{"Basic eDp5"}, []string{"a"}},
		{"an empty header too", []string{"a, bearer." + jwt}, []string{""}, []string{""}, []string{"a"}},
		{"empty token", []string{"a, bearer."}, nil, nil, []string{"a"}},
		{"padding alone", []string{"a, bearer.="}, nil, nil, []string{"a"}},
		{"not a token", []string{"a, bearer.x y"}, nil, nil, []string{"a"}},
		{"another case", []string{"a, Bearer.x"}, nil, nil, []string{"a, Bearer.x"}},
		{"no token offered", []string{"a,b", "c"}, nil, nil, []string{"a,b", "c"}},
		{"nothing offered", nil, nil, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got *http.Request
			h := BearerSubprotocol("bearer.")(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { got = r }))
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header = http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}}
			if tt.offered != nil {
				r.Header["Sec-Websocket-Protocol"] = tt.offered
			}
			if tt.authorization != nil {
				r.Header["Authorization"] = tt.authorization
			}
			before := r.Header.Clone()
			h.ServeHTTP(httptest.NewRecorder(), r)
			if a := got.Header["Authorization"]; !slices.Equal(a, tt.want) {
				t.Errorf("Authorization %q, want %q", a, tt.want)
			}
			if o := got.Header["Sec-Websocket-Protocol"]; !slices.Equal(o, tt.wantOffered) {
				t.Errorf("offered %q, want %q", o, tt.wantOffered)
			}
			for name := range before {
				if !slices.Equal(before[name], r.Header[name]) {
					t.Errorf("%s changed for the middleware outside", name)
				}
			}
		})
	}
}

func TestBearerSubprotocolLeavesRequestsAlone(t *testing.T) {
	h := BearerSubprotocol("bearer.")(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a := r.Header.Get("Authorization"); a != "" {
			t.Errorf("a plain GET got Authorization %q", a)
		}
	}))
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Sec-WebSocket-Protocol", "bearer.x")
	h.ServeHTTP(httptest.NewRecorder(), r)
}

// TestBearerSubprotocolKeepsTheToken sends a token through a service with chi's
// logger on and looks for it in all that comes out.
func TestBearerSubprotocolKeepsTheToken(t *testing.T) {
	const token = "s3cr3t-t0k3n"
	records := make(chan string, 10)
	logger := log.New(recorder(records), "", 0)
	rt := chi.NewRouter()
	rt.Use(chimiddleware.RequestLogger(&chimiddleware.DefaultLogFormatter{Logger: logger, NoColor: true}))
	rt.Use(BearerSubprotocol("bearer."))
	rt.Get("/ws", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token {
			http.Error(w, "", http.StatusUnauthorized)
			return
		}
		echo(w, r)
	})
	s := httptest.NewUnstartedServer(rt)
	s.Config.ErrorLog = logger
	s.Start()
	t.Cleanup(s.Close)
	var answers, logged strings.Builder
	for _, offered := range [][]string{{"echo-protocol", "bearer." + token}, {"bearer." + token}, {"bearer." + token + "x"}} {
		c, resp, err := dial(t, s.URL+"/ws", nil, offered...)
		if err == nil {
			roundTrip(t, c, "hello")
			c.CloseNow()
		}
		resp.Write(&answers)
	}
	for range 3 { // one for each, when its handler returns
		select {
		case record := <-records:
			logged.WriteString(record)
		case <-await.Within(t).Done():
			t.Fatalf("not logged in time; this was:\n%s", &logged)
		}
	}
	for what, s := range map[string]string{"response": answers.String(), "log record": logged.String()} {
		if strings.Contains(s, token) {
			t.Errorf("the token is in a %s:\n%s", what, s)
		}
	}
	if n := strings.Count(logged.String(), "/ws HTTP/1.1"); n != 3 {
		t.Errorf("%d records name the request, want 3:\n%s", n, &logged)
	}
	if n := strings.Count(answers.String(), "HTTP/1.1 101 "); n != 2 {
		t.Errorf("%d upgrades, want 2:\n%s", n, &answers)
	}
}

// recorder passes on what is written, record by record.
type recorder chan<- string

func (r recorder) Write(p []byte) (int, error) {
	r <- string(p)
	return len(p), nil
}

func TestBearerSubprotocolPrefix(t *testing.T) {
	for _, prefix := range []string{"", "bearer ", "bearer,", "bearer/", "träger."} {
		v := panicOf(func() { BearerSubprotocol(prefix) })
		if s, _ := v.(string); !strings.Contains(s, "middleware.BearerSubprotocol") {
			t.Errorf("prefix %q panics with %v, want a string that names the function", prefix, v)
		}
	}
}

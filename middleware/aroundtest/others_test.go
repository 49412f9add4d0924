package aroundtest

import (
	"io"
	"net/http"
	"time"

	"github.com/CAFxX/httpcompression"
	"github.com/NYTimes/gziphandler"
	"github.com/alexedwards/scs/v2"
	sentryhttp "github.com/getsentry/sentry-go/http"
	"github.com/go-chi/cors"
	"github.com/go-chi/httprate"
	"github.com/go-chi/jwtauth/v5"
	"github.com/gorilla/csrf"
	"github.com/gorilla/handlers"
	"github.com/justinas/nosurf"
	"github.com/klauspost/compress/gzhttp"
	"github.com/newrelic/go-agent/v3/newrelic"
	rscors "github.com/rs/cors"
	"github.com/unrolled/secure"
)

// others are those that compress, refuse, recover, or keep the client's session.
var others = []around{
	plain("klauspost gzhttp", func(next http.Handler) http.Handler { return gzhttp.GzipHandler(next) }),
	plain("NYTimes/gziphandler", gziphandler.GzipHandler),
	plain("gorilla/handlers Compress", handlers.CompressHandler),
	plain("CAFxX/httpcompression", must(httpcompression.DefaultAdapter())),
	{name: "alexedwards/scs", cookie: "session", wrap: func(io.Writer) func(http.Handler) http.Handler {
		sessions := scs.New()
		return func(next http.Handler) http.Handler {
			return sessions.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				sessions.Put(r.Context(), "user", "1")
				next.ServeHTTP(w, r)
			}))
		}
	}},
	{name: "nosurf", cookie: "csrf_token", wrap: func(io.Writer) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler { return nosurf.New(next) }
	}},
	{name: "gorilla/csrf", cookie: "_gorilla_csrf", wrap: func(io.Writer) func(http.Handler) http.Handler {
		return csrf.Protect(make([]byte, 32))
	}},
	plain("gorilla/handlers Recovery", handlers.RecoveryHandler()),
	plain("gorilla/handlers ProxyHeaders", handlers.ProxyHeaders),
	plain("gorilla/handlers CORS", handlers.CORS(handlers.AllowedOrigins([]string{"https://example.com"}))),
	plain("go-chi/cors", cors.Handler(cors.Options{AllowedOrigins: []string{"https://*"}})),
	plain("rs/cors", rscors.New(rscors.Options{AllowedOrigins: []string{"https://example.com"}}).Handler),
	plain("go-chi/httprate", httprate.LimitBy(100, time.Minute, httprate.KeyByEndpoint)),
	plain("go-chi/jwtauth", func(next http.Handler) http.Handler {
		return jwtauth.Verifier(signer)(jwtauth.Authenticator(signer)(next))
	}),
	plain("unrolled/secure", secure.New(secure.Options{FrameDeny: true, ContentTypeNosniff: true}).Handler),
	plain("sentry-go http", sentryhttp.New(sentryhttp.Options{Repanic: true}).Handle),
	plain("New Relic", func(next http.Handler) http.Handler {
		_, h := newrelic.WrapHandle(relic, "/ws", next)
		return h
	}),
}

// relic reports to nobody.
var relic = must(newrelic.NewApplication(newrelic.ConfigAppName("ws"), newrelic.ConfigEnabled(false)))

// signer signs the token that every request carries.
var signer = jwtauth.New("HS256", []byte("secret"), nil)

// token is one that signer has signed.
func token() string {
	_, signed, err := signer.Encode(nil)
	return must(signed, err)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

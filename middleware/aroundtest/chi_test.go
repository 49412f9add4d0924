package aroundtest

import (
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	chimiddleware "github.com/go-chi/chi/v5/middleware"
)

// inChi mounts the handler in a chi router that uses mw.
func inChi(name string, mw func(http.Handler) http.Handler) around {
	return plain(name, func(next http.Handler) http.Handler {
		r := chi.NewRouter()
		r.Use(mw)
		r.Handle("/ws", next)
		return r
	})
}

// chis are chi's own and net/http's, but for chi's Logger, which is among logs, and Timeout, whose row would depend on
// how long a session lasts.
var chis = []around{
	inChi("chi RequestID", chimiddleware.RequestID),
	inChi("chi ClientIPFromRemoteAddr", chimiddleware.ClientIPFromRemoteAddr),
	inChi("chi Recoverer", chimiddleware.Recoverer),
	inChi("chi Compress", chimiddleware.Compress(5)),
	inChi("chi Throttle", chimiddleware.Throttle(10)),
	inChi("chi NoCache", chimiddleware.NoCache),
	inChi("chi StripSlashes", chimiddleware.StripSlashes),
	inChi("chi CleanPath", chimiddleware.CleanPath),
	inChi("chi Heartbeat", chimiddleware.Heartbeat("/ping")),
	inChi("chi RequestSize", chimiddleware.RequestSize(small)),
	plain("net/http MaxBytesHandler", func(next http.Handler) http.Handler { return http.MaxBytesHandler(next, small) }),
	plain("net/http CrossOriginProtection", http.NewCrossOriginProtection().Handler),
	plain("net/http TimeoutHandler", func(next http.Handler) http.Handler { return http.TimeoutHandler(next, time.Hour, "") }),
}

// small is less than a session receives: a limit of a request's body must not count that.
const small = 4

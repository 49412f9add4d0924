package main

import (
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/go-chi/chi/v5"
	chimiddleware "github.com/go-chi/chi/v5/middleware"

	"example.com/wsecho/example/room"
	"example.com/wsecho/middleware"
	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/hub"
)

// weChat lists the origins of mini programs: a phone sends the first or none at all,
// which a Handler admits, and the developer tools and PC clients the second.
var weChat = []string{"https://servicewechat.com", "weapp://*"}

// A service is what the routes serve and main shuts down.
type service struct {
	echo      *wsecho.Handler
	chat      *wsecho.Handler
	hub       *hub.Hub    // what is said in the rooms
	perClient int         // sockets that one client may have open; 0: any number
	draining  atomic.Bool // /readyz says so
}

func newService(o options) *service {
	h := &hub.Hub{}
	rooms := room.Rooms{Hub: h}
	return &service{
		hub:       h,
		perClient: o.perClient,
		echo: &wsecho.Handler{
			OriginPatterns: weChat,
			MaxSessions:    10_000,
			DrainSpread:    o.spread,
		},
		chat: &wsecho.Handler{
			Subprotocols:   []string{room.Subprotocol},
			OriginPatterns: weChat,
			MaxSessions:    10_000,
			DrainSpread:    o.spread,
			ReadLimit:      16 << 10, // nobody types more
			OnOpen:         rooms.Join,
			OnMessage:      rooms.Say,
		},
	}
}

func (s *service) routes() http.Handler {
	r := chi.NewRouter()
	r.Use(
		middleware.ExtendedConnect, // first: the others then see a GET, as over HTTP/1.1
		chimiddleware.RequestID,
		chimiddleware.Recoverer,
		chimiddleware.GetHead, // whatever answers a GET answers a HEAD: so some monitors ask
		// Our sessions would outlive both of these as they are. ExceptUpgrade is for whatever else is mounted here
		// one day: of a reverse proxy Timeout would cut each WebSocket after 10 s. Its comment says which handlers
		// are cut by what.
		middleware.ExceptUpgrade(chimiddleware.Timeout(10*time.Second)),
		middleware.ExceptUpgrade(chimiddleware.Compress(5)),
	)
	r.Group(func(r chi.Router) {
		r.Use(accessLog(os.Stdout))
		r.Group(func(r chi.Router) {
			// One client must not take all of MaxSessions. A client is an address: behind a proxy, where all
			// have the proxy's, chi's ClientIPFromXFF comes before this.
			if s.perClient > 0 {
				r.Use(middleware.LimitPerClient(s.perClient, nil))
			}
			r.Use(nameCarrier)
			r.Handle("/ws", s.echo)
			r.Handle("/rooms/{room}", s.chat)
		})
		mountPage(r)
	})
	r.Get("/carrier/{id}", tellCarrier(s.echo, s.chat))
	r.Get("/healthz", answer(func() bool { return true }))
	r.Get("/readyz", answer(func() bool { return !s.draining.Load() }))
	// A public service keeps this from the public: it shows the command line too.
	r.Handle("/debug/vars", figures())
	return r
}

// answer says true with 200, or false with 503: /healthz asks whether the process works
// and /readyz whether it wants new clients, which it does not while it drains.
func answer(ok func() bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		if !ok() {
			w.WriteHeader(http.StatusServiceUnavailable)
			w.Write([]byte("false\n"))
			return
		}
		w.Write([]byte("true\n"))
	}
}

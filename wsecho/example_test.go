package wsecho_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"expvar"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"example.com/wsecho/wsecho"
)

// A Handler is an http.Handler: mount it where the others are. The zero value echoes.
func Example() {
	r := chi.NewRouter()
	r.Use(middleware.Recoverer)
	r.Handle("/ws", &wsecho.Handler{})

	c := dial(r, "/ws")
	defer c.hangUp()
	c.say("hello")
	fmt.Println(c.hear())
	// Output: hello
}

// The hooks of one session never overlap, and keep what they share in its Data.
func ExampleHandler() {
	type visit struct {
		name     string
		messages int
	}
	h := &wsecho.Handler{
		OnOpen: func(s *wsecho.Session, r *http.Request) error {
			v := &visit{name: chi.URLParam(r, "name")}
			s.Data = v
			return s.Write(r.Context(), websocket.MessageText, []byte("welcome, "+v.name))
		},
		OnMessage: func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
			s.Data.(*visit).messages++
			return s.Write(ctx, typ, bytes.ToUpper(p))
		},
		OnClose: func(_ context.Context, s *wsecho.Session, err error) {
			v := s.Data.(*visit)
			fmt.Println(v.name, "sent", v.messages, "and left with", websocket.CloseStatus(err))
		},
	}
	r := chi.NewRouter()
	r.Handle("/hello/{name}", h)

	c := dial(r, "/hello/ann")
	fmt.Println(c.hear())
	c.say("one")
	fmt.Println(c.hear())
	c.hangUp()

	h.Shutdown(context.Background()) // waits for OnClose
	// Output:
	// welcome, ann
	// ONE
	// ann sent 1 and left with StatusNormalClosure
}

type budgetKey struct{}

// withBudget is a middleware: each request, and so each session, may send n messages.
func withBudget(n int) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			left := n // the session's alone, and its hooks never overlap
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), budgetKey{}, &left)))
		})
	}
}

// limited spends the budget, and refuses what is beyond it.
func limited(next wsecho.MessageFunc) wsecho.MessageFunc {
	return func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
		left := ctx.Value(budgetKey{}).(*int)
		if *left == 0 {
			return websocket.CloseError{Code: websocket.StatusPolicyViolation, Reason: "too many messages"}
		}
		*left--
		return next(ctx, s, typ, p)
	}
}

// A MessageFunc is decorated as an http.Handler is. What belongs to one session travels in the
// request's context.
func ExampleMessageFunc() {
	r := chi.NewRouter()
	r.With(withBudget(2)).Handle("/ws", &wsecho.Handler{OnMessage: limited(wsecho.Echo)})

	c := dial(r, "/ws")
	defer c.hangUp()
	for _, m := range []string{"one", "two", "three"} {
		c.say(m)
		fmt.Println(c.hear())
	}
	// Output:
	// one
	// two
	// closed: StatusPolicyViolation too many messages
}

// A room: what one says, all hear. It is framed, and compressed, once for all of them. TryWritePrepared never
// waits, so a member who reads too slowly holds up nobody: here it misses what it has no room for. One who takes
// nothing is ended by WriteTimeout.
func ExampleHandler_Sessions() {
	room := &wsecho.Handler{}
	var missed atomic.Int64
	room.OnMessage = func(_ context.Context, _ *wsecho.Session, typ websocket.MessageType, p []byte) error {
		m := wsecho.Prepare(typ, p)
		for s := range room.Sessions() {
			if errors.Is(s.TryWritePrepared(m), wsecho.ErrWriteLimit) {
				missed.Add(1)
			}
		}
		return nil
	}
	ann, ben := dial(room, "/"), dial(room, "/")
	defer ann.hangUp()
	defer ben.hangUp()
	ben.say("ben is here") // and hears it, so he is listed
	ben.hear()

	ann.say("hello, all")
	fmt.Println("ben hears", ben.hear())
	fmt.Println("missed:", missed.Load())
	// Output:
	// ben hears hello, all
	// missed: 0
}

// Go runs what belongs to a session beside its hooks: here a push. It ends with the session, before
// OnClose, and its error ends the session as a hook's does.
func ExampleSession_Go() {
	countdown := func(s *wsecho.Session, _ *http.Request) error {
		s.Go(func(ctx context.Context) error {
			tick := time.NewTicker(time.Millisecond)
			defer tick.Stop()
			for n := 3; n > 0; n-- {
				select {
				case <-tick.C:
				case <-ctx.Done(): // the session is over
					return nil
				}
				if err := s.Write(ctx, websocket.MessageText, fmt.Append(nil, n)); err != nil {
					return err
				}
			}
			return websocket.CloseError{Code: websocket.StatusNormalClosure, Reason: "lift-off"}
		})
		return nil
	}
	c := dial(&wsecho.Handler{OnOpen: countdown}, "/")
	defer c.hangUp()
	for range 4 {
		fmt.Println(c.hear())
	}
	// Output:
	// 3
	// 2
	// 1
	// closed: StatusNormalClosure lift-off
}

// The server and the Handler are shut down at once: http.Server neither waits for WebSockets nor
// tells them, and a slow request must not use up the time that they have.
func ExampleHandler_Shutdown() {
	h := &wsecho.Handler{}
	srv := httptest.NewServer(h)
	c := dialURL(srv.URL)
	c.say("hello")
	fmt.Println(c.hear())
	gone := make(chan string)
	go func() { gone <- c.hear() }()

	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	drained := make(chan error, 1)
	go func() { drained <- h.Shutdown(ctx) }()
	err := errors.Join(srv.Config.Shutdown(ctx), <-drained)

	fmt.Println(<-gone)
	fmt.Println("error:", err)
	// Output:
	// hello
	// closed: StatusGoingAway
	// error: <nil>
}

// A refused handshake is answered in the service's own form. The headers that belong to the refusal
// are set already.
func ExampleHandler_errorHandler() {
	h := &wsecho.Handler{
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			var refused *wsecho.HandshakeError
			errors.As(err, &refused)
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(refused.Status)
			json.NewEncoder(w).Encode(map[string]any{"status": refused.Status, "check": refused.Check})
		},
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/ws", nil)) // not a WebSocket
	fmt.Println(w.Result().Status)
	fmt.Println("Upgrade:", w.Header().Get("Upgrade"))
	fmt.Print(w.Body)
	// Output:
	// 426 Upgrade Required
	// Upgrade: websocket
	// {"check":"upgrade","status":426}
}

// Published once, as expvar allows no name twice: /debug/vars shows it.
var figures = expvar.NewMap("websockets")

// Stats is a snapshot for any metrics library.
func ExampleHandler_Stats() {
	h := &wsecho.Handler{}
	figures.Set("/ws", expvar.Func(func() any { return h.Stats() }))

	c := dial(h, "/ws")
	c.say("hello")
	c.hear()
	c.hangUp()
	h.Shutdown(context.Background())

	fmt.Println(figures.Get("/ws"))
	// Output: {"open":0,"opened":1,"refused":{},"ended":{"peer":1},"messages_in":1,"messages_out":1,"bytes_in":5,"bytes_out":5,"queued":0}
}

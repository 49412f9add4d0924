package clustertest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/nats-io/nats.go"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/hub"
	"example.com/wsecho/wsecho/hub/natslog"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// A service is a node in this process.
type service struct {
	t       testing.TB
	nc      *nats.Conn
	log     *natslog.Log
	rooms   *hub.Hub
	sockets *wsecho.Handler
	url     string // of /rooms/{room}
}

// startService starts a node on the NATS servers at urls, and waits until it has the window.
func startService(t testing.TB, urls string, opts ...nats.Option) *service {
	t.Helper()
	return startServiceWith(t, urls, &natslog.Log{Name: "test", Replicas: 1, Manage: true}, opts...)
}

// startServiceWith is startService with a Log that lacks only its Conn.
func startServiceWith(t testing.TB, urls string, log *natslog.Log, opts ...nats.Option) *service {
	t.Helper()
	nc, err := natslog.Connect(urls, opts...)
	if err != nil {
		t.Fatal(err)
	}
	log.Conn = nc
	s := &service{t: t, nc: nc, log: log, rooms: &hub.Hub{Log: log, Registry: log.Registry(), Grace: time.Second}}
	s.sockets = roomHandler(s.rooms)
	s.sockets.PingInterval = -1 // readers look away, and answer no ping then
	mux := http.NewServeMux()
	mux.Handle("/rooms/{room}", s.sockets)
	srv := httptest.NewServer(mux)
	s.url = "ws" + strings.TrimPrefix(srv.URL, "http")
	t.Cleanup(func() {
		s.sockets.Close()
		srv.Close()
		s.rooms.Close()
		nc.Close()
	})
	if err := s.rooms.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	return s
}

// publish stores messages of a user in room/go, numbered from first to last.
func (s *service) publish(from string, first, last int) {
	s.t.Helper()
	for n := first; n <= last; n++ {
		m := hub.Message{Topic: "room/go", ID: fmt.Sprint(n), From: from, Data: fmt.Append(nil, n)}
		if err := s.rooms.Publish(within(s.t), m); err != nil {
			s.t.Fatal(err)
		}
	}
}

// A reader is a client that is read frame by frame.
type reader struct {
	t    testing.TB
	conn *websocket.Conn
	at   string // of the last frame
}

// join opens room/go of s, from since on.
func (s *service) join(user, since string, more ...string) *reader {
	s.t.Helper()
	q := url.Values{"user": {user}, "since": {since}}
	for i := 0; i < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	conn, _, err := websocket.Dial(within(s.t), s.url+"/rooms/go?"+q.Encode(), &websocket.DialOptions{Subprotocols: []string{"rooms.v1"}})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.CloseNow() })
	return &reader{t: s.t, conn: conn}
}

// next returns the next frame.
func (r *reader) next() frame {
	r.t.Helper()
	_, p, err := r.conn.Read(within(r.t))
	if err != nil {
		r.t.Fatal(err)
	}
	var f frame
	if err := json.Unmarshal(p, &f); err != nil {
		r.t.Fatalf("%q: %v", p, err)
	}
	if f.At != "" {
		r.at = f.At
	}
	return f
}

// expect reads messages of a user, numbered from first to last, and nothing else but places.
func (r *reader) expect(from string, first, last int) {
	r.t.Helper()
	for n := first; n <= last; {
		f := r.next()
		switch {
		case f.Reset:
			r.t.Fatalf("a reset, before number %d of %s", n, from)
		case f.From == "":
		case f.From != from || string(f.Data) != fmt.Sprint(n):
			r.t.Fatalf("%s of %s, want %d of %s", f.Data, f.From, n, from)
		default:
			n++
		}
	}
}

// expectReset reads a reset, and nothing else but places before it.
func (r *reader) expectReset() {
	r.t.Helper()
	for {
		switch f := r.next(); {
		case f.Reset:
			return
		case f.From != "":
			r.t.Fatalf("%s of %s, want a reset", f.Data, f.From)
		}
	}
}

// within returns a context that ends with the test's patience.
func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), await.Patience)
	t.Cleanup(cancel)
	return ctx
}

package clustertest

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/hub"
	"example.com/wsecho/wsecho/hub/natslog"
	"example.com/wsecho/wsecho/wsechotest/await"
)

// runNode is the role of a node of the service.
func runNode(args []string) {
	if err := serveNode(args); err != nil {
		fmt.Fprintln(os.Stderr, "node:", err)
		os.Exit(1)
	}
}

func serveNode(args []string) error {
	f := flag.NewFlagSet("node", flag.ExitOnError)
	addr := f.String("addr", "", "")
	urls := f.String("nats", "", "")
	replicas := f.Int("replicas", 1, "")
	f.Parse(args)

	nc, err := natslog.Connect(*urls)
	if err != nil {
		return err
	}
	defer nc.Close()
	log := &natslog.Log{Conn: nc, Name: "test", Replicas: *replicas, Manage: true}
	rooms := &hub.Hub{Log: log, Registry: log.Registry()}
	ready, cancel := context.WithTimeout(context.Background(), await.Patience)
	defer cancel()
	if err := rooms.Ready(ready); err != nil {
		return err
	}

	sockets := roomHandler(rooms)
	mux := http.NewServeMux()
	mux.Handle("/rooms/{room}", sockets)
	mux.HandleFunc("/stats", func(w http.ResponseWriter, r *http.Request) { json.NewEncoder(w).Encode(rooms.Stats()) })
	srv := &http.Server{Handler: mux}
	ln, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	end, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	go srv.Serve(ln)
	<-end.Done()

	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	drained := make(chan error, 1)
	go func() { drained <- sockets.Shutdown(ctx) }()
	return errors.Join(srv.Shutdown(ctx), <-drained, rooms.Close()) // the Hub last: hooks publish until then
}

// member is what a session's Data holds.
type member struct{ room, user string }

// roomHandler is a chat whose members are who they say.
func roomHandler(rooms *hub.Hub) *wsecho.Handler {
	return &wsecho.Handler{
		Subprotocols: []string{"rooms.v1"},
		DrainSpread:  time.Second,
		OnOpen: func(s *wsecho.Session, r *http.Request) error {
			me := member{"room/" + r.PathValue("room"), r.FormValue("user")}
			s.Data = me
			m := rooms.Join(s, r.FormValue("since"), me.room, "user/"+me.user)
			if r.FormValue("appear") != "" {
				m.Appear(me.room, me.user, nil)
				m.Watch(me.room)
			}
			return nil
		},
		OnMessage: func(ctx context.Context, s *wsecho.Session, _ websocket.MessageType, p []byte) error {
			var in struct {
				ID   string          `json:"id"`
				Data json.RawMessage `json:"data"`
			}
			if json.Unmarshal(p, &in) != nil {
				return websocket.CloseError{Code: websocket.StatusInvalidFramePayloadData}
			}
			me := s.Data.(member)
			ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
			defer cancel()
			if err := rooms.Publish(ctx, hub.Message{Topic: me.room, ID: in.ID, From: me.user, Data: in.Data}); err != nil {
				return websocket.CloseError{Code: websocket.StatusTryAgainLater, Reason: "not stored"}
			}
			return nil
		},
	}
}

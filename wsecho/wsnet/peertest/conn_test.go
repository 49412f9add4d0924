package peertest

import (
	"context"
	"log/slog"
	"net"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/coder/websocket"
	"golang.org/x/net/nettest"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/wsnet"
)

// side is one session and the client of it that carries its messages to the other side.
type side struct {
	conn   net.Conn
	client *websocket.Conn
	stop   func()
}

// open serves a session and opens it.
func open() (*side, error) {
	h := &wsecho.Handler{Logger: slog.New(slog.DiscardHandler)}
	l := wsnet.NewListener(h, websocket.MessageBinary)
	srv := httptest.NewServer(h)
	client, _, err := websocket.Dial(context.Background(), srv.URL, &websocket.DialOptions{Subprotocols: []string{wsecho.DefaultSubprotocol}})
	if err != nil {
		return nil, err
	}
	client.SetReadLimit(-1)
	conn, err := l.Accept()
	return &side{conn, client, func() {
		conn.Close()
		l.Close()
		h.Shutdown(context.Background())
		srv.Close()
	}}, err
}

// carry takes every message of one client to the other, and at the end its close.
func carry(from, to *websocket.Conn) {
	for {
		typ, p, err := from.Read(context.Background())
		if err != nil {
			to.Close(websocket.StatusNormalClosure, "")
			return
		}
		if to.Write(context.Background(), typ, p) != nil {
			from.CloseNow()
			return
		}
	}
}

// TestConn holds two sessions, coupled by their clients, to what package net asks of a net.Conn.
func TestConn(t *testing.T) {
	nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
		a, err := open()
		if err != nil {
			return nil, nil, nil, err
		}
		b, err := open()
		if err != nil {
			return nil, nil, nil, err
		}
		var carriers sync.WaitGroup
		carriers.Go(func() { carry(a.client, b.client) })
		carriers.Go(func() { carry(b.client, a.client) })
		return a.conn, b.conn, func() {
			a.stop()
			b.stop()
			carriers.Wait()
		}, nil
	})
}

package peertest

import (
	"context"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"

	"github.com/coder/websocket"
	gorilla "github.com/gorilla/websocket"

	"example.com/wsecho/middleware"
	"example.com/wsecho/wsecho"
)

const maxMessage = 4 << 20

// coderEcho is an ordinary handler on coder/websocket: it knows nothing of HTTP/2.
func coderEcho(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols:    []string{"echo-protocol"},
		CompressionMode: websocket.CompressionContextTakeover,
	})
	if err != nil {
		return // Accept has answered
	}
	defer c.CloseNow()
	c.SetReadLimit(maxMessage)
	for {
		typ, p, err := c.Read(context.Background())
		if err != nil || c.Write(context.Background(), typ, p) != nil {
			return
		}
	}
}

// gorillaEcho asks the ResponseWriter for a Hijacker itself, without Unwrap, and
// writes its own 101 to the connection.
func gorillaEcho(w http.ResponseWriter, r *http.Request) {
	up := gorilla.Upgrader{Subprotocols: []string{"echo-protocol"}}
	c, err := up.Upgrade(w, r, nil)
	if err != nil {
		return // Upgrade has answered
	}
	defer c.Close()
	for {
		typ, p, err := c.ReadMessage()
		if err != nil || c.WriteMessage(typ, p) != nil {
			return
		}
	}
}

// proxyEcho is a reverse proxy before a server with coderEcho.
func proxyEcho(t testing.TB) http.Handler {
	t.Helper()
	backend := httptest.NewServer(http.HandlerFunc(coderEcho))
	t.Cleanup(backend.Close)
	u, err := url.Parse(backend.URL)
	if err != nil {
		t.Fatal(err)
	}
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	return &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(u)
			p.Out.Host = p.In.Host // what the backend compares Origin with
		},
		Transport: tr,
		ErrorLog:  log.New(io.Discard, "", 0), // a peer that vanishes
	}
}

func wsechoEcho(t testing.TB) http.Handler {
	h := &wsecho.Handler{ReadLimit: maxMessage, Logger: slog.New(slog.DiscardHandler)}
	t.Cleanup(func() { h.Close() })
	return h
}

// handlers are the ones that have to work behind every middleware.
func handlers(t testing.TB) map[string]http.Handler {
	return map[string]http.Handler{
		"coder":        http.HandlerFunc(coderEcho),
		"gorilla":      http.HandlerFunc(gorillaEcho),
		"ReverseProxy": proxyEcho(t),
		"wsecho":       wsechoEcho(t),
	}
}

// onConn is a handler that gives f the connection behind ExtendedConnect, and its
// own goroutine to use it in.
func onConn(f func(c net.Conn, r *http.Request)) http.Handler {
	return middleware.ExtendedConnect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusSwitchingProtocols)
		c, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return // the client is gone already
		}
		defer c.Close()
		f(c, r)
	}))
}

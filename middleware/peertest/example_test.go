package peertest

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/coder/websocket"
	"github.com/go-chi/chi/v5"

	"example.com/wsecho/middleware"
	"example.com/wsecho/middleware/peertest/h2dial"
	"example.com/wsecho/wsecho"
)

// Two WebSockets over one HTTP/2 connection.
func Example() {
	rt := chi.NewRouter()
	rt.Use(middleware.ExtendedConnect)
	h := &wsecho.Handler{OnOpen: func(s *wsecho.Session, r *http.Request) error {
		fmt.Println("opened by", r.Method, r.URL.Path, "over", r.Proto)
		return nil
	}}
	rt.Get("/ws", h.ServeHTTP)
	srv := httptest.NewUnstartedServer(rt)
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	defer h.Close()

	transport := h2dial.TLS()
	defer transport.CloseIdleConnections()
	for _, msg := range []string{"hello", "again"} {
		c, _, err := websocket.Dial(context.Background(), srv.URL+"/ws", &websocket.DialOptions{
			HTTPClient: transport.Client(), Subprotocols: []string{"echo-protocol"},
		})
		if err != nil {
			log.Fatal(err)
		}
		c.Write(context.Background(), websocket.MessageText, []byte(msg))
		_, p, _ := c.Read(context.Background())
		fmt.Printf("%s\n", p)
		c.Close(websocket.StatusNormalClosure, "")
	}
	// Output:
	// opened by GET /ws over HTTP/2.0
	// hello
	// opened by GET /ws over HTTP/2.0
	// again
}

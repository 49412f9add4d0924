package middleware_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/coder/websocket"
	"github.com/go-chi/chi/v5"
	chimiddleware "github.com/go-chi/chi/v5/middleware"

	"example.com/wsecho/middleware"
	_ "example.com/wsecho/middleware/xconnect" // in main: net/http offers extended CONNECT
	"example.com/wsecho/wsecho"
)

// One service for both: a client that speaks HTTP/2 opens its WebSockets as streams of
// the connection it has, and any other, such as the one here, opens a connection each.
func ExampleExtendedConnect() {
	echo := &wsecho.Handler{}
	rt := chi.NewRouter()
	rt.Use(middleware.ExtendedConnect)
	rt.Get("/ws", echo.ServeHTTP) // a GET, however the client asks

	srv := httptest.NewUnstartedServer(rt)
	srv.Config.HTTP2 = &http.HTTP2Config{
		MaxReceiveBufferPerStream: 64 << 10,         // one slow session does not hold up the others
		SendPingTimeout:           30 * time.Second, // finds clients that have vanished
		WriteByteTimeout:          10 * time.Second, // and those that read nothing
	}
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	defer echo.Close()

	tr := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} // HTTP/1.1 only
	fmt.Println(say("hello", srv.URL+"/ws", &http.Client{Transport: tr}, "echo-protocol"))
	// Output: hello
}

// The page offers its token as a subprotocol beside the one it speaks:
// new WebSocket(url, ["echo-protocol", "bearer." + token]).
func ExampleBearerSubprotocol() {
	// Any middleware that reads the header: chi's jwtauth, or this.
	authenticate := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer s3cret" {
				http.Error(w, "who are you?", http.StatusUnauthorized)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
	echo := &wsecho.Handler{}
	rt := chi.NewRouter()
	rt.Use(middleware.BearerSubprotocol("bearer."), authenticate)
	rt.Handle("/ws", echo)
	srv := httptest.NewServer(rt)
	defer srv.Close()
	defer echo.Close()

	fmt.Println(say("hello", srv.URL+"/ws", srv.Client(), "echo-protocol", "bearer.s3cret"))
	fmt.Println(say("hello", srv.URL+"/ws", srv.Client(), "echo-protocol", "bearer.guess"))
	// Output:
	// hello
	// refused with 401
}

func ExampleLimitPerClient() {
	echo := &wsecho.Handler{}
	rt := chi.NewRouter()
	rt.Use(chimiddleware.ClientIPFromRemoteAddr) // or, behind a proxy, another of chi's ClientIP
	rt.With(middleware.LimitPerClient(1, nil)).Handle("/ws", echo)
	srv := httptest.NewServer(rt)
	defer srv.Close()
	defer echo.Close()

	c, _, err := websocket.Dial(context.Background(), srv.URL+"/ws", &websocket.DialOptions{Subprotocols: []string{"echo-protocol"}})
	if err != nil {
		log.Fatal(err)
	}
	defer c.CloseNow()
	fmt.Println(say("hello", srv.URL+"/ws", srv.Client(), "echo-protocol"))
	// Output: refused with 429
}

// A page learns why it was refused: from the close code, 4000 + status, and the reason.
func ExampleCloseRefused() {
	authenticate := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, "who are you?", http.StatusUnauthorized)
		})
	}
	rt := chi.NewRouter()
	rt.With(middleware.CloseRefused, authenticate).Handle("/ws", &wsecho.Handler{})
	srv := httptest.NewServer(rt)
	defer srv.Close()

	ctx := context.Background()
	c, _, err := websocket.Dial(ctx, srv.URL+"/ws", &websocket.DialOptions{Subprotocols: []string{"echo-protocol"}})
	if err != nil {
		log.Fatal(err) // a browser would close with 1006
	}
	defer c.CloseNow()
	var closed websocket.CloseError
	_, _, err = c.Read(ctx)
	errors.As(err, &closed)
	fmt.Println(int(closed.Code), closed.Reason)
	// Output: 4401 who are you?
}

// The limiter's key may be anything about a request: here a user, and everyone who is
// not logged in together.
func ExampleLimitPerClient_key() {
	byUser := func(r *http.Request) string {
		user, _, _ := r.BasicAuth()
		return "user " + user
	}
	echo := &wsecho.Handler{}
	srv := httptest.NewServer(middleware.LimitPerClient(5, byUser)(echo))
	defer srv.Close()
	defer echo.Close()

	fmt.Println(say("hello", srv.URL, srv.Client(), "echo-protocol"))
	// Output: hello
}

// Requests may take a tenth of a second, a WebSocket as long as it likes.
func ExampleExceptUpgrade() {
	echo := &wsecho.Handler{}
	rt := chi.NewRouter()
	rt.Use(middleware.ExceptUpgrade(chimiddleware.Timeout(100 * time.Millisecond)))
	rt.Handle("/ws", echo)
	rt.Get("/report", func(w http.ResponseWriter, r *http.Request) {
		<-r.Context().Done() // a query that never ends
	})
	srv := httptest.NewServer(rt)
	defer srv.Close()
	defer echo.Close()

	resp, err := srv.Client().Get(srv.URL + "/report")
	if err != nil {
		log.Fatal(err)
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	fmt.Println(resp.Status)
	fmt.Println(say("hello", srv.URL+"/ws", srv.Client(), "echo-protocol"))
	// Output:
	// 504 Gateway Timeout
	// hello
}

// say opens a WebSocket, says msg and returns the answer.
func say(msg, url string, client *http.Client, subprotocols ...string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	c, resp, err := websocket.Dial(ctx, url, &websocket.DialOptions{HTTPClient: client, Subprotocols: subprotocols})
	if err != nil {
		if resp != nil {
			return fmt.Sprint("refused with ", resp.StatusCode)
		}
		return err.Error()
	}
	defer c.Close(websocket.StatusNormalClosure, "")
	c.Write(ctx, websocket.MessageText, []byte(msg))
	_, p, err := c.Read(ctx)
	if err != nil {
		return err.Error()
	}
	return string(p)
}

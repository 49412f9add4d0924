package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho/wsechotest/await"
)

// serve serves the routes in this process until the test ends.
func serve(t *testing.T) string {
	t.Helper()
	return serveService(t, newService(options{}))
}

func serveService(t *testing.T, s *service) string {
	t.Helper()
	return serveBehind(t, s, func(routes http.Handler) http.Handler { return routes })
}

// serveBehind serves the routes of s behind a middleware.
func serveBehind(t *testing.T, s *service, mw func(http.Handler) http.Handler) string {
	t.Helper()
	srv := httptest.NewServer(mw(s.routes()))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), await.Patience)
		defer cancel()
		srv.Close()
		if err := s.echo.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		if err := s.chat.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		s.hub.Close()
	})
	return srv.URL
}

func TestOrigins(t *testing.T) {
	url := serve(t)
	for origin, want := range map[string]int{
		"":                            http.StatusSwitchingProtocols,
		url:                           http.StatusSwitchingProtocols,
		"https://servicewechat.com":   http.StatusSwitchingProtocols,
		"weapp://wx0123456789abcdef":  http.StatusSwitchingProtocols,
		"http://servicewechat.com":    http.StatusForbidden,
		"https://a.servicewechat.com": http.StatusForbidden,
		"https://example.org":         http.StatusForbidden,
		"null":                        http.StatusForbidden,
	} {
		for _, path := range []string{"/ws", "/rooms/lobby"} {
			header := http.Header{}
			if origin != "" {
				header.Set("Origin", origin)
			}
			c, resp, err := websocket.Dial(await.Within(t), url+path, &websocket.DialOptions{
				HTTPHeader: header, Subprotocols: spoken,
			})
			if err == nil {
				c.CloseNow()
			}
			if resp == nil || resp.StatusCode != want {
				t.Errorf("%s from origin %q: %v, want status %d", path, origin, err, want)
			}
		}
	}
}

func TestOtherSubprotocols(t *testing.T) {
	url := serve(t)
	for _, offer := range [][]string{nil, {"chat"}} {
		req, _ := http.NewRequest("GET", url+"/ws", nil)
		for name, value := range map[string]string{
			"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
			"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Protocol": strings.Join(offer, ","),
		} {
			if value != "" {
				req.Header.Set(name, value)
			}
		}
		resp, err := insecure(t).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if got := string(body); resp.StatusCode != http.StatusBadRequest || !strings.Contains(got, "echo-protocol") || strings.Count(got, "\n") != 1 {
			t.Errorf("offering %q: %d %q", offer, resp.StatusCode, got)
		}
	}
}

func TestHealth(t *testing.T) {
	url := serve(t)
	for _, path := range []string{"/healthz", "/readyz"} {
		if status, body := get(t, url+path); status != http.StatusOK || body != "true\n" {
			t.Errorf("%s: %d %q", path, status, body)
		}
	}
	if status, _ := get(t, url+"/ws"); status != http.StatusUpgradeRequired {
		t.Errorf("a plain GET of /ws: %d, want 426", status)
	}
	if status, _ := get(t, url+"/nothing"); status != http.StatusNotFound {
		t.Errorf("/nothing: %d, want 404", status)
	}
}

// A HEAD is answered as the GET is, without the body: some monitors and load balancers ask so.
func TestHead(t *testing.T) {
	url := serve(t)
	for _, path := range []string{"/", "/page.js", "/healthz", "/readyz", "/carrier/none"} {
		resp, err := insecure(t).Head(url + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("HEAD %s: %s", path, resp.Status)
		}
	}
}

// An address has so many sockets at most, of both kinds together, and another once one is closed.
func TestSocketsPerClient(t *testing.T) {
	url := serveService(t, newService(options{perClient: 2}))
	first := dial(t, url+"/ws")
	dial(t, url+"/rooms/lobby")
	for _, path := range []string{"/ws", "/rooms/lobby"} {
		_, resp, err := websocket.Dial(await.Within(t), url+path, &websocket.DialOptions{Subprotocols: spoken})
		if resp == nil || resp.StatusCode != http.StatusTooManyRequests {
			t.Errorf("a third socket, to %s: %v, want 429", path, err)
		}
	}
	if status, _ := get(t, url+"/healthz"); status != http.StatusOK {
		t.Errorf("/healthz: %d", status)
	}
	first.Close(websocket.StatusNormalClosure, "")
	// Its place is free when the connection is closed, which may be after the session has ended.
	await.Poll(t, "there is a place for another", func() bool {
		c, _, err := websocket.Dial(await.Within(t), url+"/ws", &websocket.DialOptions{Subprotocols: spoken})
		if err == nil {
			c.CloseNow()
		}
		return err == nil
	})
}

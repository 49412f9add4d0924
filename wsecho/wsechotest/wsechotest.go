// Package wsechotest tests WebSocket handlers in memory: no port, no socket, and in a bubble of
// [testing/synctest] no waiting either. A hook that gives up after 30 s is tested at once:
//
//	func TestSlowHook(t *testing.T) {
//		synctest.Test(t, func(t *testing.T) {
//			h := &wsecho.Handler{
//				OnMessage: func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
//					ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
//					defer cancel()
//					<-ctx.Done() // an upstream that does not answer
//					return websocket.CloseError{Code: websocket.StatusTryAgainLater, Reason: "try again later"}
//				},
//			}
//			begin := time.Now()
//			c := wsechotest.Dial(t, h, "/", nil)
//			if err := c.Write(t.Context(), websocket.MessageText, []byte("hello")); err != nil {
//				t.Fatal(err)
//			}
//			_, _, err := c.Read(t.Context())
//			if code := websocket.CloseStatus(err); code != websocket.StatusTryAgainLater {
//				t.Errorf("the client saw %v", err)
//			}
//			if d := time.Since(begin); d != 30*time.Second {
//				t.Errorf("after %v", d)
//			}
//		})
//	}
//
// Dial as often as there are clients: those of one [wsecho.Handler] share its sessions, whichever
// router each went through. As with any websocket.Conn, a client answers pings only while it reads;
// one that does not is cut after PingInterval and PongTimeout, in fake time as well.
//
// DialLink also returns the Link between the two ends, whose faults a test controls: a client that stops reading, a
// connection that is cut in the middle of a frame, one that vanishes. ReadWithin wants the next message within a time.
package wsechotest

import (
	"cmp"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
)

// Dial serves h in memory and opens a WebSocket with it, which must succeed: a refused handshake is
// a t.Fatal with its status and body. h may be a handler or a whole router, and need not be wsecho's.
//
// target is a path with a query ("/rooms/go?since=1"), asked of the host example.com, or a whole
// "ws://host/path" for a test of origins and hosts. The handler sees 192.0.2.1:1234 as r.RemoteAddr.
//
// nil opts offer [wsecho.DefaultSubprotocol]. Others are used as they are, so that a test can also
// offer nothing; only their HTTPClient's Transport is replaced. A redirect is not followed, as no
// browser does, but refuses the handshake. The connection's read limit is off.
//
// Each direction holds 64 KiB that wait to be read, as a socket would; what a client leaves unread
// beyond that waits in its session's queue. When the test ends, the client is cut without a close
// frame, and the test waits until the handler has let go of the connection: as long as one of its
// hooks takes. OnClose may then still run; a test that must see its end calls the Handler's Shutdown.
func Dial(t testing.TB, h http.Handler, target string, opts *websocket.DialOptions) *websocket.Conn {
	t.Helper()
	c, _ := DialLink(t, h, target, opts)
	return c
}

// DialLink is Dial that also returns the Link between the client and h, for tests of what networks do.
func DialLink(t testing.TB, h http.Handler, target string, opts *websocket.DialOptions) (*websocket.Conn, *Link) {
	t.Helper()
	c, link, res, err := dial(t, h, target, opts)
	switch {
	case err == nil:
	case res == nil || res.StatusCode == http.StatusSwitchingProtocols:
		t.Fatalf("wsechotest: dial %s: %v", target, err)
	default:
		t.Fatalf("wsechotest: dial %s: handshake refused: %s: %s", target, res.Status, body(res))
	}
	t.Cleanup(func() {
		c.CloseNow()
		link.Restore() // so that the server learns of it
	})
	c.SetReadLimit(-1)
	return c, link
}

// Refused serves h in memory as Dial does, with the same target and opts, and opens a WebSocket which must be refused:
// one that opens is a t.Fatal. Refused returns the response, with at most 1024 bytes of its body, which need not be
// closed.
func Refused(t testing.TB, h http.Handler, target string, opts *websocket.DialOptions) *http.Response {
	t.Helper()
	c, _, res, err := dial(t, h, target, opts)
	switch {
	case err == nil:
		c.CloseNow()
		t.Fatalf("wsechotest: dial %s: the handshake was not refused", target)
	case res == nil || res.StatusCode == http.StatusSwitchingProtocols:
		t.Fatalf("wsechotest: dial %s: %v", target, err)
	}
	return res
}

// dial serves h and opens a WebSocket with it.
func dial(t testing.TB, h http.Handler, target string, opts *websocket.DialOptions) (*websocket.Conn, *Link, *http.Response, error) {
	t.Helper()
	o := websocket.DialOptions{Subprotocols: []string{wsecho.DefaultSubprotocol}}
	if opts != nil {
		o = *opts
	}
	s := serve(t, h)
	client := *cmp.Or(o.HTTPClient, http.DefaultClient)
	client.Transport = s.transport
	if client.CheckRedirect == nil { // coder's own would follow for ever
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	o.HTTPClient = &client
	if strings.HasPrefix(target, "/") {
		target = "ws://example.com" + target
	}
	c, res, err := websocket.Dial(t.Context(), target, &o)
	if err != nil {
		return nil, nil, res, err // a connection may still be on its way
	}
	return c, s.link, res, nil
}

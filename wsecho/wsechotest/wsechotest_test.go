package wsechotest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/go-chi/chi/v5"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/wsechotest"
	"example.com/wsecho/wsecho/wsechotest/await"
)

const text = websocket.MessageText

// in runs a test in a bubble, and outside.
func in(t *testing.T, test func(t *testing.T)) {
	t.Run("in a bubble", func(t *testing.T) { synctest.Test(t, test) })
	t.Run("outside", test)
}

func say(t testing.TB, c *websocket.Conn, message string) {
	t.Helper()
	if err := c.Write(t.Context(), text, []byte(message)); err != nil {
		t.Fatal(err)
	}
}

func hear(t testing.TB, c *websocket.Conn) string {
	t.Helper()
	_, p, err := c.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return string(p)
}

func TestDialTargets(t *testing.T) {
	r := chi.NewRouter()
	r.Handle("/rooms/{room}", &wsecho.Handler{OnOpen: func(s *wsecho.Session, r *http.Request) error {
		return s.Write(r.Context(), text, fmt.Append(nil, r.Host, " ", chi.URLParam(r, "room"), " ", r.URL.RawQuery, " ", s.RemoteAddr()))
	}})
	for target, want := range map[string]string{
		"/rooms/go":                        "example.com go  192.0.2.1:1234",
		"/rooms/go?since=1":                "example.com go since=1 192.0.2.1:1234",
		"ws://chat.test:81/rooms/x?y":      "chat.test:81 x y 192.0.2.1:1234",
		"http://chat.test/rooms/%e4%bd%a0": "chat.test %e4%bd%a0  192.0.2.1:1234", // chi routes by RawPath
	} {
		t.Run(target, func(t *testing.T) {
			in(t, func(t *testing.T) {
				if got := hear(t, wsechotest.Dial(t, r, target, nil)); got != want {
					t.Errorf("%q, want %q", got, want)
				}
			})
		})
	}
}

func TestDialOptions(t *testing.T) {
	in(t, func(t *testing.T) {
		h := &wsecho.Handler{Subprotocols: []string{wsecho.DefaultSubprotocol, "other", ""}}
		for _, c := range []struct {
			opts *websocket.DialOptions
			want string
		}{
			{nil, wsecho.DefaultSubprotocol},
			{&websocket.DialOptions{}, ""},
			{&websocket.DialOptions{Subprotocols: []string{"other"}, HTTPClient: &http.Client{Timeout: time.Hour}}, "other"},
		} {
			if got := wsechotest.Dial(t, h, "/", c.opts).Subprotocol(); got != c.want {
				t.Errorf("%+v: subprotocol %q, want %q", c.opts, got, c.want)
			}
		}
	})
}

func TestLargeMessages(t *testing.T) {
	in(t, func(t *testing.T) {
		c := wsechotest.Dial(t, &wsecho.Handler{ReadLimit: -1, WriteLimit: -1}, "/", nil)
		for n := 1; n <= 4<<20; n *= 8 {
			want := strings.Repeat("x", n)
			say(t, c, want)
			if got := hear(t, c); got != want {
				t.Fatalf("%d bytes came back of %d", len(got), n)
			}
		}
	})
}

// The handler need not be wsecho's.
func TestAnyHandler(t *testing.T) {
	in(t, func(t *testing.T) {
		c := wsechotest.Dial(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c, err := websocket.Accept(w, r, nil)
			if err != nil {
				return
			}
			c.Write(r.Context(), text, []byte("hello"))
			c.Close(4000, "bye")
		}), "/", nil)
		if got := hear(t, c); got != "hello" {
			t.Errorf("%q", got)
		}
		if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != 4000 {
			t.Error(err)
		}
	})
}

func TestRefusedHandshake(t *testing.T) {
	h := &wsecho.Handler{}
	other := &websocket.DialOptions{Subprotocols: []string{"other"}}
	abort := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	elsewhere := http.RedirectHandler("/ws", http.StatusFound)
	in(t, func(t *testing.T) {
		if res := wsechotest.Refused(t, h, "/", other); res.StatusCode != http.StatusBadRequest {
			t.Error(res.Status)
		}
		for name, c := range map[string]struct {
			test func(t testing.TB)
			want string
		}{
			"Dial":                    {func(t testing.TB) { wsechotest.Dial(t, h, "/ws?x", other) }, "wsechotest: dial /ws?x: handshake refused: 400 Bad Request: no subprotocol in common; spoken here: echo-protocol\n"},
			"Refused is not":          {func(t testing.TB) { wsechotest.Refused(t, h, "/", nil) }, "wsechotest: dial /: the handshake was not refused"},
			"Dial without an answer":  {func(t testing.TB) { wsechotest.Dial(t, abort, "/", nil) }, "EOF"},
			"Refused without":         {func(t testing.TB) { wsechotest.Refused(t, abort, "/", nil) }, "EOF"},
			"Dial, bad target":        {func(t testing.TB) { wsechotest.Dial(t, h, "rooms", nil) }, "unexpected url scheme"},
			"a redirect":              {func(t testing.TB) { wsechotest.Dial(t, elsewhere, "/", nil) }, "refused: 302 Found"},
			"Refused, and no upgrade": {func(t testing.TB) { wsechotest.Refused(t, http.NotFoundHandler(), "/", nil) }, ""},
		} {
			r, done := newRecorder(), make(chan struct{})
			go func() {
				defer close(done)
				c.test(r)
			}()
			<-done
			r.end()
			if r.fatal == "" != (c.want == "") || !strings.Contains(r.fatal, c.want) {
				t.Errorf("%s: fatal %q, want %q", name, r.fatal, c.want)
			}
		}
	})
}

// Pushes by a timer, in the time that they take.
func TestPushes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &wsecho.Handler{OnOpen: func(s *wsecho.Session, _ *http.Request) error {
			s.Go(func(ctx context.Context) error {
				for tick := time.NewTicker(time.Minute); ; {
					select {
					case <-tick.C:
						if err := s.Write(ctx, text, []byte("tick")); err != nil {
							return err
						}
					case <-ctx.Done():
						tick.Stop()
						return nil
					}
				}
			})
			return nil
		}}
		begin := time.Now()
		c := wsechotest.Dial(t, h, "/", nil)
		for i := range 100 { // the client reads, so it answers the pings
			if got := hear(t, c); got != "tick" || time.Since(begin) != time.Duration(i+1)*time.Minute {
				t.Errorf("%q after %v", got, time.Since(begin))
			}
		}
	})
}

// A client may look away for a while, as over TCP, and then read what waits; a pong that the hook's
// work keeps from being read costs it nothing either.
func TestBuffered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &wsecho.Handler{OnMessage: func(ctx context.Context, s *wsecho.Session, typ websocket.MessageType, p []byte) error {
			time.Sleep(5 * time.Minute)
			return s.Write(ctx, typ, p)
		}}
		c := wsechotest.Dial(t, h, "/", nil)
		say(t, c, "one")
		say(t, c, "two")
		if a, b := hear(t, c), hear(t, c); a != "one" || b != "two" {
			t.Errorf("%q, %q", a, b)
		}
		for range 10 {
			for s := range h.Sessions() {
				s.TryWrite(text, []byte("tick"))
			}
			time.Sleep(500 * time.Millisecond) // in all less than PongTimeout
		}
		for range 10 {
			hear(t, c)
		}
	})
}

// What a client leaves unread fills the stream, then the session's queue, and then there is no room.
func TestClientThatDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan error, 1)
		h := &wsecho.Handler{WriteLimit: 100 << 10, OnClose: func(_ context.Context, _ *wsecho.Session, err error) { ended <- err }}
		wsechotest.Dial(t, h, "/", nil)
		synctest.Wait()
		for s := range h.Sessions() {
			sent := 0
			for ; s.TryWrite(text, bytes.Repeat([]byte("x"), 1020)) == nil; sent++ { // 1 KiB with its header
				synctest.Wait() // the stream takes what it can
			}
			if sent != 64+100 {
				t.Errorf("%d KiB found room", sent)
			}
		}
		begin := time.Now()
		if err := <-ended; !errors.Is(err, wsecho.ErrWriteTimeout) || time.Since(begin) != 10*time.Second {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
	})
}

// When a test ends, nothing of it is left, whatever it was doing.
func TestNothingIsLeft(t *testing.T) {
	for name, test := range map[string]func(t testing.TB, h *wsecho.Handler){
		"an idle client": func(t testing.TB, h *wsecho.Handler) { wsechotest.Dial(t, h, "/", nil) },
		"a client that has closed": func(t testing.TB, h *wsecho.Handler) {
			wsechotest.Dial(t, h, "/", nil).Close(1000, "")
		},
		"a hook at work": func(t testing.TB, h *wsecho.Handler) { say(t, wsechotest.Dial(t, h, "/", nil), "work") },
		"a queue": func(t testing.TB, h *wsecho.Handler) {
			wsechotest.Dial(t, h, "/", nil)
			await.Poll(t, "a session is listed", func() bool {
				for s := range h.Sessions() {
					return s.TryWrite(text, make([]byte, 1<<20)) == nil
				}
				return false
			})
		},
		"a client that has vanished": func(t testing.TB, h *wsecho.Handler) {
			_, link := wsechotest.DialLink(t, h, "/", nil)
			link.Vanish()
		},
		"a client that does not read, over a slow link": func(t testing.TB, h *wsecho.Handler) {
			c, link := wsechotest.DialLink(t, h, "/", nil)
			link.StopReading()
			link.Slow(1)
			say(t, c, "too slow")
		},
		"several": func(t testing.TB, h *wsecho.Handler) {
			for range 20 {
				wsechotest.Dial(t, h, "/", nil)
			}
		},
		"a refusal": func(t testing.TB, h *wsecho.Handler) { wsechotest.Refused(t, h, "/", &websocket.DialOptions{}) },
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T) {
				before := runtime.NumGoroutine()
				h := &wsecho.Handler{OnMessage: func(context.Context, *wsecho.Session, websocket.MessageType, []byte) error {
					time.Sleep(10 * time.Millisecond)
					return nil
				}}
				r := newRecorder()
				test(r, h)
				r.end()
				for end := time.Now().Add(10 * time.Second); h.Stats().Open > 0 || runtime.NumGoroutine() > before; {
					if time.Now().After(end) {
						t.Fatalf("%d sessions, %d goroutines of %d", h.Stats().Open, runtime.NumGoroutine(), before)
					}
					time.Sleep(time.Millisecond)
				}
			})
		})
	}
}

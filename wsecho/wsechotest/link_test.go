package wsechotest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/wsechotest"
)

// Frames of every length are put together again.
func TestOneByteAtATime(t *testing.T) {
	in(t, func(t *testing.T) {
		c, link := wsechotest.DialLink(t, &wsecho.Handler{}, "/", nil)
		link.OneByteAtATime()
		for _, n := range []int{0, 1, 125, 126, 1000, 1 << 16} {
			want := strings.Repeat("é", n/2)
			say(t, c, want)
			if got := hear(t, c); got != want {
				t.Fatalf("%d bytes came back of %d", len(got), len(want))
			}
		}
		if err := c.Close(4000, "enough"); err != nil {
			t.Error(err)
		}
	})
}

// ending is a Handler that says how its session ended.
func ending() (*wsecho.Handler, chan error) {
	ended := make(chan error, 1)
	return &wsecho.Handler{
		OnMessage: func(context.Context, *wsecho.Session, websocket.MessageType, []byte) error { return nil },
		OnClose:   func(_ context.Context, _ *wsecho.Session, err error) { ended <- err },
	}, ended
}

// A message of which a part arrives never reaches the hook.
func TestCutAfter(t *testing.T) {
	in(t, func(t *testing.T) {
		for n := range 100 {
			h, ended := ending()
			c, link := wsechotest.DialLink(t, h, "/", nil)
			link.CutAfter(n)
			if err := c.Write(t.Context(), text, bytes.Repeat([]byte("x"), 100)); err == nil {
				t.Errorf("after %d bytes: Write of 106 succeeds", n)
			}
			if err := <-ended; !errors.Is(err, io.EOF) {
				t.Errorf("after %d bytes: %v", n, err)
			}
			h.Shutdown(t.Context()) // the counts follow OnClose
			if got := h.Stats(); got.Ended["lost"] != 1 || got.MessagesIn != 0 {
				t.Errorf("after %d bytes: %+v", n, got)
			}
			if _, _, err := c.Read(t.Context()); err == nil {
				t.Error("the client reads on")
			}
		}
	})
}

// A peer that vanishes is found by the ping that it does not answer, and itself learns nothing.
func TestVanish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, ended := ending()
		c, link := wsechotest.DialLink(t, h, "/", nil)
		heard := make(chan error, 1)
		go func() { _, _, err := c.Read(context.Background()); heard <- err }()
		begin := time.Now()
		link.Vanish()
		if err := <-ended; !errors.Is(err, wsecho.ErrPongTimeout) || time.Since(begin) != 35*time.Second {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
		time.Sleep(time.Hour)
		if len(heard) > 0 {
			t.Fatalf("the client heard %v", <-heard)
		}
		link.Restore()
		if err := <-heard; err == nil {
			t.Error("once it is back the client hears a message")
		}
	})
}

// Out of reach for less than PongTimeout costs nothing.
func TestTunnel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, link := wsechotest.DialLink(t, &wsecho.Handler{}, "/", nil)
		for range 10 {
			link.Vanish()
			say(t, c, "from the tunnel")
			time.AfterFunc(9*time.Second, link.Restore)
			if got := hear(t, c); got != "from the tunnel" {
				t.Errorf("%q", got)
			}
		}
	})
}

// A client that has stopped reading is cut, whatever it does meanwhile; one that begins again in time is not.
func TestStopReading(t *testing.T) {
	for _, row := range []struct {
		back  time.Duration
		want  error
		after time.Duration // the session ends
	}{
		{9 * time.Second, wsecho.ErrShutdown, time.Minute},
		{time.Hour, wsecho.ErrWriteTimeout, 10 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			h, ended := ending()
			c, link := wsechotest.DialLink(t, h, "/", nil)
			synctest.Wait()
			go func() { // reads, and so answers pings
				for {
					if _, _, err := c.Read(context.Background()); err != nil {
						return
					}
				}
			}()
			link.StopReading()
			for s := range h.Sessions() {
				s.TryWrite(websocket.MessageBinary, make([]byte, 200<<10))
			}
			begin := time.Now()
			time.AfterFunc(row.back, link.Restore)
			time.AfterFunc(time.Minute, func() { h.Close() })
			if err := <-ended; !errors.Is(err, row.want) || time.Since(begin) != row.after {
				t.Errorf("%v after %v", err, time.Since(begin))
			}
		})
	}
}

// ReadWithin says what came instead.
func TestReadWithin(t *testing.T) {
	in(t, func(t *testing.T) {
		h := &wsecho.Handler{}
		const none = "wsechotest: no message within 30ms"
		for want, do := range map[string]func(t testing.TB, c *websocket.Conn, link *wsechotest.Link){
			"":   func(t testing.TB, c *websocket.Conn, _ *wsechotest.Link) { say(t, c, "hello") },
			none: func(testing.TB, *websocket.Conn, *wsechotest.Link) {},
			`wsechotest: instead of a message: closed with 4001 "no"`: func(t testing.TB, c *websocket.Conn, _ *wsechotest.Link) {
				say(t, c, "hello") // and hears it, so the session is listed
				hear(t, c)
				for s := range h.Sessions() {
					s.Close(4001, "no")
				}
			},
			"wsechotest: instead of a message: failed to get reader": func(_ testing.TB, _ *websocket.Conn, link *wsechotest.Link) {
				link.CutAfter(0)
			},
		} {
			r, done := newRecorder(), make(chan string, 1)
			go func() {
				defer func() { done <- r.fatal }()
				c, link := wsechotest.DialLink(r, h, "/", nil)
				do(r, c, link)
				d := time.Minute
				if want == none {
					d = 30 * time.Millisecond
				}
				if got := wsechotest.ReadWithin(r, c, d); got != "hello" {
					t.Errorf("%q", got)
				}
			}()
			if got := <-done; !strings.HasPrefix(got, want) || want == "" && got != "" {
				t.Errorf("fatal %q, want %q", got, want)
			}
			r.end()
		}
	})
}

package wsechotest_test

// What a service's tests look like: each in 15 lines at most, which TestShort counts.

import (
	"context"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/wsechotest"
)

// newRoom is the service under test: what one says, all hear.
func newRoom() *wsecho.Handler {
	room := new(wsecho.Handler)
	room.OnMessage = func(_ context.Context, _ *wsecho.Session, typ websocket.MessageType, p []byte) error {
		for s := range room.Sessions() {
			s.TryWrite(typ, p) // who is full misses it
		}
		return nil
	}
	return room
}

func TestTwoClientsInARoom(t *testing.T) {
	room := newRoom()
	ann, ben := wsechotest.Dial(t, room, "/", nil), wsechotest.Dial(t, room, "/", nil)
	ben.Write(t.Context(), websocket.MessageText, []byte("ben is here"))
	wsechotest.ReadWithin(t, ben, time.Minute) // once he hears it he is in the room

	ann.Write(t.Context(), websocket.MessageText, []byte("hello, all"))
	for got := ""; got != "hello, all"; {
		got = wsechotest.ReadWithin(t, ben, time.Minute)
	}
}

func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &wsecho.Handler{DrainSpread: time.Minute}
		c := wsechotest.Dial(t, h, "/", nil)
		drained := make(chan error, 1)
		go func() { drained <- h.Shutdown(t.Context()) }()
		if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusGoingAway {
			t.Errorf("the client saw %v", err)
		}
		if err := <-drained; err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	})
}

func TestSlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan error, 1)
		room := newRoom()
		room.OnClose = func(_ context.Context, _ *wsecho.Session, err error) { ended <- err }
		ann := wsechotest.Dial(t, room, "/", nil)
		_, slow := wsechotest.DialLink(t, room, "/", nil)
		slow.StopReading()
		for range 100 { // all of which ann hears
			ann.Write(t.Context(), websocket.MessageText, make([]byte, 10<<10))
			wsechotest.ReadWithin(t, ann, time.Second)
		}
		if err := <-ended; !errors.Is(err, wsecho.ErrWriteTimeout) {
			t.Errorf("the slow one ended with %v", err)
		}
	})
}

func TestShort(t *testing.T) {
	b, err := os.ReadFile("short_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"TestTwoClientsInARoom", "TestDrain", "TestSlowReader"} {
		test := regexp.MustCompile(`(?ms)^func ` + name + `\(.*?^}`).FindString(string(b))
		if n := strings.Count(test, "\n") - 1; n < 1 || n > 15 {
			t.Errorf("%s has %d lines", name, n)
		}
	}
}

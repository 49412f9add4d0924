package sessiontest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
)

// Busy is a client of somebody else's making, that sends while it is read.
type Busy struct {
	Send func(p []byte) error // sends one binary message
	Read func() error         // reads one message
	Code func(err error) int  // the close code that Read's error tells; -1: none
}

// Coder makes a Busy of coder/websocket's client.
func Coder(c *websocket.Conn) Busy {
	return Busy{
		Send: func(p []byte) error { return c.Write(context.Background(), websocket.MessageBinary, p) },
		Read: func() error {
			_, _, err := c.Read(context.Background())
			return err
		},
		Code: func(err error) int { return int(websocket.CloseStatus(err)) },
	}
}

const (
	busyClients  = 40
	busyMessages = 4 // that a client sends every busyPause
	busySize     = 4 << 10
	busyPause    = 2 * time.Millisecond
	busyWork     = time.Millisecond // that a client has with each message
)

// DrainBusy shuts h, which echoes, down while each of 40 clients sends 16 KB every 2 ms, as they go on doing
// until they see the close. Every one of them must see 1001.
//
// As a page does, they take their time for each message, so that there are bytes on the way to them when the
// close frame is sent, and bytes on the way from them all along: whoever closes a connection then, the
// server or a proxy, resets it and loses both.
func DrainBusy(t testing.TB, h *wsecho.Handler, dial func() Busy) {
	t.Helper()
	var clients sync.WaitGroup
	var mu sync.Mutex
	others, told := []string(nil), 0
	for range busyClients {
		b, over := dial(), make(chan struct{})
		clients.Go(func() {
			for p := make([]byte, busySize); ; {
				for range busyMessages {
					if b.Send(p) != nil {
						return // Read tells why
					}
				}
				select {
				case <-over:
					return
				case <-time.After(busyPause):
				}
			}
		})
		clients.Go(func() {
			defer close(over)
			err := error(nil)
			for err == nil {
				err = b.Read()
				time.Sleep(busyWork)
			}
			mu.Lock()
			defer mu.Unlock()
			if b.Code(err) == int(websocket.StatusGoingAway) {
				told++
			} else {
				others = append(others, err.Error())
			}
		})
	}
	Poll(t, "all are busy", func() bool {
		st := h.Stats()
		return st.Open == busyClients && st.MessagesOut > 200*busyClients
	})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	err := h.Shutdown(ctx)
	clients.Wait()
	if err != nil {
		t.Errorf("shutdown: %v", errors.Join(err, context.Cause(ctx)))
	}
	if told != busyClients {
		t.Errorf("%d of %d clients saw 1001, others %.300q", told, busyClients, others)
	}
}

package sessiontest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/wsechotest/await"
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

// Gorilla makes a Busy of gorilla/websocket's client, a *Conn. It answers a close frame, and leaves it to the
// server to close the connection.
func Gorilla(c interface {
	WriteMessage(typ int, p []byte) error
	ReadMessage() (typ int, p []byte, err error)
}) Busy {
	return Busy{
		Send: func(p []byte) error { return c.WriteMessage(int(websocket.MessageBinary), p) },
		Read: func() error {
			_, _, err := c.ReadMessage()
			return err
		},
		Code: func(err error) int {
			code := -1
			fmt.Sscanf(err.Error(), "websocket: close %d", &code) // its CloseError, of a package that is not ours to import
			return code
		},
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
	all := make([]Busy, busyClients)
	for i := range all {
		all[i] = dial() // none is busy before all are there
	}
	for _, b := range all {
		over := make(chan struct{})
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
	await.Poll(t, "all are busy", func() bool { return h.Stats().MessagesOut > 100*busyClients })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
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

package wsechotest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/coder/websocket"

	"example.com/wsecho/wsecho"
	"example.com/wsecho/wsecho/wsechotest"
)

// The next message comes within a second, or the test has failed and says what came instead.
func ExampleReadWithin() {
	c := wsechotest.Dial(t, &wsecho.Handler{}, "/", nil)
	c.Write(t.Context(), websocket.MessageText, []byte("hello"))
	fmt.Println(wsechotest.ReadWithin(t, c, time.Second))
	// Output: hello
}

// A network that works until the test says otherwise.
func ExampleDialLink() {
	c, link := wsechotest.DialLink(t, &wsecho.Handler{}, "/", nil)
	c.Write(t.Context(), websocket.MessageText, []byte("hello"))
	fmt.Println(wsechotest.ReadWithin(t, c, time.Second))

	link.CutAfter(0)
	_, _, err := c.Read(t.Context())
	fmt.Println("cut:", errors.Is(err, io.EOF))
	// Output:
	// hello
	// cut: true
}

// told is a Handler that says how its session ended; in a bubble its times may be those of production.
func told() (*wsecho.Handler, chan error) {
	ended := make(chan error, 1)
	return &wsecho.Handler{
		PingInterval: 20 * time.Millisecond,
		PongTimeout:  20 * time.Millisecond,
		WriteTimeout: 10 * time.Millisecond,
		ReadTimeout:  10 * time.Millisecond,
		OnClose:      func(_ context.Context, _ *wsecho.Session, err error) { ended <- err },
	}, ended
}

// A client that no longer reads what it is sent.
func ExampleLink_StopReading() {
	h, ended := told()
	c, link := wsechotest.DialLink(t, h, "/", nil)
	link.StopReading()
	for range 3 { // three echoes fill the 64 KiB and the session's queue
		c.Write(t.Context(), websocket.MessageBinary, make([]byte, 50_000))
	}
	fmt.Println(errors.Is(<-ended, wsecho.ErrWriteTimeout))
	// Output: true
}

// Every frame in pieces, both ways.
func ExampleLink_OneByteAtATime() {
	c, link := wsechotest.DialLink(t, &wsecho.Handler{}, "/", nil)
	link.OneByteAtATime()
	c.Write(t.Context(), websocket.MessageText, []byte("byte by byte"))
	fmt.Println(wsechotest.ReadWithin(t, c, time.Second))
	// Output: byte by byte
}

// A client that sends 100 bytes a second has no time for this message.
func ExampleLink_Slow() {
	h, ended := told()
	c, link := wsechotest.DialLink(t, h, "/", nil)
	link.Slow(100)
	c.Write(t.Context(), websocket.MessageText, make([]byte, 1000))
	fmt.Println(errors.Is(<-ended, wsecho.ErrReadTimeout))
	// Output: true
}

// Of a message only half arrives.
func ExampleLink_CutAfter() {
	h, ended := told()
	c, link := wsechotest.DialLink(t, h, "/", nil)
	link.CutAfter(500)
	c.Write(t.Context(), websocket.MessageText, make([]byte, 1000))
	fmt.Println(errors.Is(<-ended, io.EOF), h.Stats().MessagesIn)
	// Output: true 0
}

// A phone that is out of reach.
func ExampleLink_Vanish() {
	h, ended := told()
	_, link := wsechotest.DialLink(t, h, "/", nil)
	link.Vanish()
	fmt.Println(errors.Is(<-ended, wsecho.ErrPongTimeout))
	// Output: true
}

// A phone that is back in time.
func ExampleLink_Restore() {
	c, link := wsechotest.DialLink(t, &wsecho.Handler{}, "/", nil)
	link.Vanish()
	c.Write(t.Context(), websocket.MessageText, []byte("from the tunnel"))
	link.Restore()
	fmt.Println(wsechotest.ReadWithin(t, c, time.Second))
	// Output: from the tunnel
}

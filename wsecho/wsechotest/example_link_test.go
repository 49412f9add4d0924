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

// The next message comes within a minute, or the test has failed and says what came instead.
func ExampleReadWithin() {
	c := wsechotest.Dial(t, &wsecho.Handler{}, "/", nil)
	c.Write(t.Context(), websocket.MessageText, []byte("hello"))
	fmt.Println(wsechotest.ReadWithin(t, c, time.Minute))
	// Output: hello
}

// A network that works until the test says otherwise.
func ExampleDialLink() {
	c, link := wsechotest.DialLink(t, &wsecho.Handler{}, "/", nil)
	c.Write(t.Context(), websocket.MessageText, []byte("hello"))
	fmt.Println(wsechotest.ReadWithin(t, c, time.Minute))

	link.CutAfter(0)
	_, _, err := c.Read(t.Context())
	fmt.Println("cut:", errors.Is(err, io.EOF))
	// Output:
	// hello
	// cut: true
}

// told returns how h's session ends.
func told(h *wsecho.Handler) chan error {
	ended := make(chan error, 1)
	h.OnClose = func(_ context.Context, _ *wsecho.Session, err error) { ended <- err }
	return ended
}

// A client that no longer reads what it is sent.
func ExampleLink_StopReading() {
	h := &wsecho.Handler{WriteTimeout: 500 * time.Millisecond} // in a bubble it can be what production has
	ended := told(h)
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
	fmt.Println(wsechotest.ReadWithin(t, c, time.Minute))
	// Output: byte by byte
}

// A client that sends 100 bytes a second has no time for this message.
func ExampleLink_Slow() {
	h := &wsecho.Handler{ReadTimeout: 10 * time.Millisecond}
	ended := told(h)
	c, link := wsechotest.DialLink(t, h, "/", nil)
	link.Slow(100)
	c.Write(t.Context(), websocket.MessageText, make([]byte, 1000))
	fmt.Println(errors.Is(<-ended, wsecho.ErrReadTimeout))
	// Output: true
}

// Of a message only half arrives.
func ExampleLink_CutAfter() {
	h := &wsecho.Handler{}
	ended := told(h)
	c, link := wsechotest.DialLink(t, h, "/", nil)
	link.CutAfter(500)
	c.Write(t.Context(), websocket.MessageText, make([]byte, 1000))
	fmt.Println(errors.Is(<-ended, io.EOF), h.Stats().MessagesIn)
	// Output: true 0
}

// A phone that is out of reach.
func ExampleLink_Vanish() {
	h := &wsecho.Handler{PingInterval: 10 * time.Millisecond, PongTimeout: 10 * time.Millisecond}
	ended := told(h)
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
	fmt.Println(wsechotest.ReadWithin(t, c, time.Minute))
	// Output: from the tunnel
}
